import type { JsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { EVENT_STREAM } from '../events/wants-events.ts';
import { jsonResponse } from '../json-response.ts';
import type { Route, RouteDocumentation } from '../route.ts';
import { type ComponentSchemas, createComponentSchemas } from './component-schemas.ts';

/** What the document says of the API as a whole. */
export interface ApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: { readonly name: string; readonly identifier: string };
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

/** How to get at the API. */
export interface DocumentedAccess {
  /** What a proxy puts before every path. */
  readonly rootPath?: string;
  /** Whether routes that are not open ask for a key. */
  readonly needsKey?: boolean;
}

/** Either will do. */
const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer' },
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
} as const;
const SECURITY = Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] }));

const NO_KEY = jsonResponse('An API key is needed', v.object({ detail: v.string() }));

interface Operation {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** The part of OpenAPI 3.1 that describes these routes. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: ApiInfo;
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<'get' | 'post', Operation>>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes?: typeof SECURITY_SCHEMES;
  };
}

/**
 * Describes the documented ones of a server's routes, from the schemas by which they validate.
 * @throws OnnxPredictError INTERNAL if two different schemas have one title
 */
export function createOpenApiDocument(
  routes: readonly Route[],
  info: ApiInfo,
  { rootPath = '', needsKey = false }: DocumentedAccess = {},
): OpenApiDocument {
  const schemas = createComponentSchemas();
  const paths: Record<string, Partial<Record<'get' | 'post', Operation>>> = {};
  for (const { method, path, documentation, open = false } of routes) {
    if (documentation === null) continue;
    const operations = paths[path] ?? {};
    operations[method === 'GET' ? 'get' : 'post'] = describeOperation(documentation, schemas, needsKey && !open);
    paths[path] = operations;
  }
  return {
    openapi: '3.1.0',
    info,
    ...(rootPath === '' ? {} : { servers: [{ url: rootPath }] }),
    paths,
    components: { schemas: schemas.components(), ...(needsKey ? { securitySchemes: SECURITY_SCHEMES } : {}) },
  };
}

function describeOperation(documentation: RouteDocumentation, schemas: ComponentSchemas, needsKey: boolean): Operation {
  const { tag, summary, description, operationId, path, query, body, responses } = documentation;
  const parameters = [...describeParameters('path', path, schemas), ...describeParameters('query', query, schemas)];
  return {
    tags: [tag],
    summary,
    description,
    operationId,
    ...(needsKey ? { security: SECURITY } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: describeContent(body, schemas, 'input') } }),
    responses: Object.fromEntries(
      Object.entries(needsKey ? { ...responses, 401: NO_KEY } : responses).map(([status, response]) => {
        const { content, events } = response;
        if (content === undefined) return [status, { description: response.description }];
        const bodies = { [content.type]: content.schema, ...(events === undefined ? {} : { [EVENT_STREAM]: events }) };
        return [status, { description: response.description, content: describeContent(bodies, schemas, 'output') }];
      }),
    ),
  };
}

function describeParameters(place: Parameter['in'], schema: v.GenericSchema | undefined, schemas: ComponentSchemas): Parameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.describe(schema, 'input');
  return Object.entries(properties).map(([name, node]) => {
    const { description, ...schema } = node as JsonSchema;
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function describeContent(
  bodies: Readonly<Record<string, v.GenericSchema>>,
  schemas: ComponentSchemas,
  use: 'input' | 'output',
): Content {
  return Object.fromEntries(Object.entries(bodies).map(([type, schema]) => [type, { schema: schemas.describe(schema, use) }]));
}
