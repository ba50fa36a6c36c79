import type { JsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { EVENT_STREAM } from '../events/wants-events.ts';
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
  readonly in: 'query';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

interface Operation {
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
  readonly paths: Readonly<Record<string, Readonly<Partial<Record<'get' | 'post', Operation>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/**
 * Describes the documented ones of a server's routes, from the schemas by which they validate.
 * @throws OnnxPredictError INTERNAL if two different schemas have one title
 */
export function createOpenApiDocument(routes: readonly Route[], info: ApiInfo): OpenApiDocument {
  const schemas = createComponentSchemas();
  const paths: Record<string, Partial<Record<'get' | 'post', Operation>>> = {};
  for (const { method, path, documentation } of routes) {
    if (documentation === null) continue;
    const operations = paths[path] ?? {};
    operations[method === 'GET' ? 'get' : 'post'] = describeOperation(documentation, schemas);
    paths[path] = operations;
  }
  return { openapi: '3.1.0', info, paths, components: { schemas: schemas.components() } };
}

function describeOperation(documentation: RouteDocumentation, schemas: ComponentSchemas): Operation {
  const { tag, summary, description, operationId, query, body, responses } = documentation;
  return {
    tags: [tag],
    summary,
    description,
    operationId,
    ...(query === undefined ? {} : { parameters: describeQuery(query, schemas) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: describeContent(body, schemas, 'input') } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => {
        const { content, events } = response;
        if (content === undefined) return [status, { description: response.description }];
        const bodies = { [content.type]: content.schema, ...(events === undefined ? {} : { [EVENT_STREAM]: events }) };
        return [status, { description: response.description, content: describeContent(bodies, schemas, 'output') }];
      }),
    ),
  };
}

function describeQuery(query: v.GenericSchema, schemas: ComponentSchemas): Parameter[] {
  const { properties = {}, required = [] } = schemas.describe(query, 'input');
  return Object.entries(properties).map(([name, node]) => {
    const { description, ...schema } = node as JsonSchema;
    return {
      name,
      in: 'query',
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
