import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, onTestFinished, test } from 'vitest';
import { createHeldBytes } from '../../../src/http/body/held-bytes.ts';
import { createEngineMetrics } from '../../../src/http/observation/engine-metrics.ts';
import { createRoutes } from '../../../src/http/routes.ts';
import { createServer } from '../../../src/http/server.ts';
import { DEFAULT_SERVER_SETTINGS } from '../../../src/http/server-settings.ts';
import { createImageSpool } from '../../../src/image-spool.ts';
import { fakeEngine } from './fake-engine.ts';

interface SchemaShape {
  readonly $ref?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly contentMediaType?: string;
  readonly properties?: Readonly<Record<string, SchemaShape>>;
  readonly required?: readonly string[];
  readonly items?: SchemaShape;
  readonly anyOf?: readonly SchemaShape[];
}

interface OperationShape {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: SchemaShape;
  }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: SchemaShape }>>;
  };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: SchemaShape }>> }>>;
}

interface DocumentShape {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationShape>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaShape>> };
}

/** What FastAPI says of the original: clients were generated from it. */
const original = JSON.parse(await readFile('test/golden/http/openapi.json', 'utf8')) as DocumentShape;

async function serve() {
  const server = createServer(fakeEngine());
  onTestFinished(() => server.close({ timeoutMs: 0 }));
  const { url } = await server.listen({ port: 0 });
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as DocumentShape;
  return { url, document };
}

function operationsOf({ paths }: DocumentShape): [path: string, method: string, OperationShape][] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [path, method, operation] as [string, string, OperationShape]),
  );
}

function resolve({ components }: DocumentShape, schema: SchemaShape): SchemaShape {
  return schema.$ref === undefined ? schema : components.schemas[schema.$ref.split('/').at(-1)!]!;
}

/** What a value of a schema is, to code that was generated from it. */
function shapeOf({ $ref, type, default: preset, contentMediaType, items, anyOf }: SchemaShape): unknown {
  return { $ref, type, preset, contentMediaType, items: items && shapeOf(items), anyOf: anyOf?.map(shapeOf) };
}

test('what the server says of itself is valid OpenAPI 3.1', async () => {
  const { document } = await serve();
  const { valid, errors } = await new Validator().validate({ ...document });
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
});

test('every operation of the document is answered, and no operation has the name of another', async () => {
  const { url, document } = await serve();
  const operations = operationsOf(document);
  for (const [path, method] of operations) {
    const response = await fetch(`${url}${path.replace(/{\w+}/g, 'none')}`, { method: method.toUpperCase() });
    // A model that is not there is told of by its route.
    const answered = path.includes('{') ? !(await response.text()).includes('Not Found') : response.status !== 404;
    expect({ path, answered, allowed: response.status !== 405 }).toEqual({ path, answered: true, allowed: true });
  }
  expect(new Set(operations.map(([, , { operationId }]) => operationId)).size).toBe(operations.length);
});

test('the document has every route but the pages that show it', async () => {
  const { document } = await serve();
  const routes = createRoutes({
    engine: fakeEngine(),
    settings: DEFAULT_SERVER_SETTINGS,
    dtype: 'fp32',
    heldBytes: createHeldBytes(DEFAULT_SERVER_SETTINGS.maxHeldBytes),
    spool: createImageSpool(),
    metrics: createEngineMetrics([]),
    readiness: () => ({ state: 'ready' }),
  });
  const documented = operationsOf(document).map(([path, method]) => `${method.toUpperCase()} ${path}`);
  const others = routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !documented.includes(route));
  expect(routes.length - others.length).toBe(documented.length);
  expect(others.filter((route) => !/^GET \/(openapi\.json|redoc|docs|docs\/.*)$/.test(route))).toEqual([]);
});

test('every status that a prediction may have is documented, with its body', async () => {
  const { document } = await serve();
  for (const path of ['/predict/image_classes', '/predict/text_summarize']) {
    const { responses } = document.paths[path]!['post']!;
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '400', '413', '422', '429', '503']));
    for (const { content } of Object.values(responses)) expect(content?.['application/json']?.schema).toHaveProperty('$ref');
  }
});

test('a summary is documented as JSON and as the events that it can come in', async () => {
  const { document } = await serve();
  const { content = {} } = document.paths['/predict/text_summarize']!['post']!.responses['200']!;
  expect(Object.keys(content)).toEqual(['application/json', 'text/event-stream']);
  expect(content['text/event-stream']!.schema).toMatchObject({ type: 'string', description: expect.stringContaining('delta') });
});

test('every operation of the original is there by its name, in the group that clients know, with its parameters and body', async () => {
  const { document } = await serve();
  for (const [path, method, { operationId, parameters = [], requestBody }] of operationsOf(original)) {
    const ours = document.paths[path]![method]!;
    expect(ours.operationId).toBe(operationId);
    // FastAPI gives no tags, which generators take for this one: it names the class, or the module, that has the function.
    expect(ours.tags).toEqual(['default']);
    expect(ours.requestBody?.content).toEqual(requestBody?.content);
    for (const parameter of parameters) {
      const { name, required, schema } = ours.parameters!.find((one) => one.name === parameter.name)!;
      expect({ name, required, ...(shapeOf(schema) as object) }).toEqual({
        name,
        required: parameter.required,
        ...(shapeOf(parameter.schema) as object),
      });
    }
  }
});

test('no parameter that is new has to be given', async () => {
  const { document } = await serve();
  const parameters = operationsOf(document).flatMap(([, , operation]) => operation.parameters ?? []);
  expect(parameters.filter((parameter) => parameter.required !== (parameter.in === 'path'))).toEqual([]);
});

test.each(Object.keys(original.components.schemas))('%s has the properties that the original’s has', async (name) => {
  const { document } = await serve();
  const { properties: theirs = {}, required = [] } = original.components.schemas[name]!;
  const ours = document.components.schemas[name]!;
  expect(Object.keys(ours.properties!).sort()).toEqual(Object.keys(theirs).sort());
  expect(ours.required).toEqual(expect.arrayContaining([...required]));
  for (const [property, schema] of Object.entries(theirs)) {
    const own = ours.properties![property]!;
    // Where the original writes an object in place, ours may have a name.
    const found = schema.$ref === undefined ? resolve(document, own) : own;
    expect(shapeOf(found)).toEqual(shapeOf(schema));
  }
});
