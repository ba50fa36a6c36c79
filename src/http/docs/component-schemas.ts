import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { OnnxPredictError } from '../../errors.ts';

/** What JSON Schema allows where a schema stands. */
type SchemaNode = JsonSchema | boolean;

/** Whether a client sends the value or is sent it: the two differ where a schema transforms. */
type SchemaUse = 'input' | 'output';

/** Turns schemas that validate into schemas that document. */
export interface ComponentSchemas {
  /**
   * The JSON Schema (draft 2020-12, which is OpenAPI 3.1's) of a schema; an object with a title, as `v.title('TextRequest')`
   * gives it one, becomes a component of that name and is referred to.
   * @throws OnnxPredictError INTERNAL if two different schemas have one title; Error if JSON Schema cannot say what a schema does
   */
  readonly describe: (schema: v.GenericSchema, use: SchemaUse) => JsonSchema;
  /** By name: what was described so far. */
  readonly components: () => Record<string, JsonSchema>;
}

/** Starts the collection of one document's component schemas. */
export function createComponentSchemas(): ComponentSchemas {
  const components = new Map<string, JsonSchema>();

  function liftNamed(node: SchemaNode): SchemaNode {
    if (typeof node === 'boolean') return node;
    const schema = mapSubschemas(node, liftNamed);
    if (schema.type !== 'object' || schema.title === undefined) return schema;
    const known = components.get(schema.title);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new OnnxPredictError('INTERNAL', `Two schemas have the title ${schema.title}: give each its own.`);
    }
    components.set(schema.title, schema);
    return { $ref: `#/components/schemas/${schema.title}` };
  }

  return {
    describe: (schema, use) => {
      const { $schema, ...root } = toJsonSchema(schema, { target: 'draft-2020-12', typeMode: use });
      return liftNamed(root) as JsonSchema;
    },
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A copy with each subschema replaced, and without what says nothing: that nothing is required, that names are strings. */
function mapSubschemas(schema: JsonSchema, replace: (node: SchemaNode) => SchemaNode): JsonSchema {
  const copy: JsonSchema = { ...schema };
  if (copy.required?.length === 0) delete copy.required;
  if (JSON.stringify(copy.propertyNames) === '{"type":"string"}') delete copy.propertyNames;
  if (copy.properties !== undefined) {
    copy.properties = Object.fromEntries(Object.entries(copy.properties).map(([name, node]) => [name, replace(node)]));
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const) {
    const nodes = copy[keyword];
    if (nodes !== undefined) copy[keyword] = nodes.map(replace);
  }
  if (copy.items !== undefined && !Array.isArray(copy.items)) copy.items = replace(copy.items);
  if (copy.additionalProperties !== undefined) copy.additionalProperties = replace(copy.additionalProperties);
  return copy;
}
