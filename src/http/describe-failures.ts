import type * as v from 'valibot';
import type { RouteDocumentation } from './route.ts';

/** Documents failures that have one shape, in JSON. */
export function describeFailures(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<number, string>>,
): RouteDocumentation['responses'] {
  const content = { type: 'application/json', schema };
  return Object.fromEntries(Object.entries(descriptions).map(([status, description]) => [status, { description, content }]));
}
