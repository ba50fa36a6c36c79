import type * as v from 'valibot';
import type { DocumentedResponse } from './route.ts';

/** Documents an answer in JSON. */
export function jsonResponse(description: string, schema: v.GenericSchema): DocumentedResponse {
  return { description, content: { type: 'application/json', schema } };
}
