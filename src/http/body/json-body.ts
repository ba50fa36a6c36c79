import type { IncomingMessage } from 'node:http';
import * as v from 'valibot';
import { Refusal } from '../refusal.ts';
import type { ByteHold } from './held-bytes.ts';
import { decodeJsonText } from './json-encoding.ts';
import { JsonLimitError, JsonSyntaxError, type JsonValue, MAX_JSON_VALUES, parsePythonJson } from './python-json.ts';
import { readBody } from './request-body.ts';

const JSON_TYPE = /^application\/(?:json|[^/]*\+json)$/;

/** Whether a body is declared to be JSON. */
export function isJson({ headers }: IncomingMessage): boolean {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  return JSON_TYPE.test(mediaType.trim().toLowerCase());
}

/**
 * The whole body as JSON.
 * @throws Refusal 400, 413, 429; ClientGone
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number, hold: ByteHold): Promise<unknown> {
  return parseJsonBytes(await readBody(request, maxBytes, hold));
}

/** @throws Refusal 400, 413 */
export function parseJsonBytes(bytes: Buffer): unknown {
  try {
    return toPlain(parsePythonJson(decodeJsonText(bytes)));
  } catch (error) {
    if (error instanceof JsonLimitError && error.limit === 'values') {
      throw new Refusal(413, `The body holds more than ${MAX_JSON_VALUES} values, the limit of this server.`);
    }
    const reason = error instanceof JsonSyntaxError ? `${error.message}, at character ${error.position}` : 'it cannot be decoded';
    throw new Refusal(400, `The body is no JSON that can be read: ${reason}.`);
  }
}

/**
 * Checks an object of a request.
 * @param options.name where in the request it stands; default: it is the body
 * @throws Refusal 422, or what is asked for, that names the first value that does not fit
 */
export function parseValue<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  { name, status = 422 }: { readonly name?: string; readonly status?: number } = {},
): v.InferOutput<Schema> {
  // Valibot takes a list for an object.
  if (Array.isArray(value)) throw new Refusal(status, `${name ?? 'The body'}: must be an object`);
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = [name, v.getDotPath(issue)].filter((part) => part != null).join('.');
  throw new Refusal(status, `${path === '' ? 'The body' : path}: ${describeIssue(issue)}`);
}

/** Valibot's own messages tell what was received, which may be long. */
function describeIssue({ type, expected, message }: v.BaseIssue<unknown>): string {
  if (type === 'strict_object' && expected === 'never') return 'is not known here';
  if (!message.startsWith('Invalid ')) return message;
  if (type === 'object' || type === 'strict_object') return expected === 'Object' ? 'must be an object' : 'is missing';
  return type === 'array' ? 'must be a list' : `must be a ${expected}`;
}

/** Maps as objects, and whole numbers that are too large as the nearest that can be had. */
function toPlain(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, toPlain(member)]));
  return typeof value === 'bigint' ? Number(value) : value;
}
