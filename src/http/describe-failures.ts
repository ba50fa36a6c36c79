import type * as v from 'valibot';
import { jsonResponse } from './json-response.ts';
import type { RouteDocumentation } from './route.ts';

/** Documents failures that have one shape, in JSON. */
export function describeFailures(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<number, string>>,
): RouteDocumentation['responses'] {
  return Object.fromEntries(
    Object.entries(descriptions).map(([status, description]) => [status, jsonResponse(description, schema)]),
  );
}
