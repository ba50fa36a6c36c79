import type { IncomingMessage } from 'node:http';
import { MAX_TEXT_BYTES } from '../../limits.ts';
import { Refusal, refuseValues, type ValidationIssue } from '../refusal.ts';
import type { ByteHold } from './held-bytes.ts';
import { isJson } from './json-body.ts';
import { decodeJsonText } from './json-encoding.ts';
import { JsonLimitError, JsonSyntaxError, type JsonValue, MAX_JSON_VALUES, parsePythonJson } from './python-json.ts';
import { readBody } from './request-body.ts';

/** The longest text, and some room for what is around it. */
const MAX_JSON_BYTES = MAX_TEXT_BYTES + 64 * 1024;

/** A field of a request's body, or what is wrong with the body. */
export type BodyField<T> = { readonly value: T } | { readonly issue: ValidationIssue };

/**
 * Reads `{"text": "..."}` as FastAPI does.
 * @throws Refusal 400, 413, 422, 429; ClientGone
 */
export async function readTextBody(request: IncomingMessage, hold: ByteHold): Promise<BodyField<string>> {
  const field = await readField(request, 'text', hold);
  if ('issue' in field || typeof field.value === 'string') return field as BodyField<string>;
  return { issue: notString(field.value, ['body', 'text']) };
}

/**
 * Reads `{"texts": ["...", "..."]}` as FastAPI would.
 * @throws Refusal 400, 413, 422, 429; ClientGone
 */
export async function readTextsBody(request: IncomingMessage, hold: ByteHold): Promise<BodyField<string[]>> {
  const field = await readField(request, 'texts', hold);
  if ('issue' in field) return field;
  const { value } = field;
  const loc = ['body', 'texts'];
  if (!Array.isArray(value)) return { issue: { type: 'list_type', loc, msg: 'Input should be a valid list', input: value } };
  if (value.length === 0) {
    const msg = 'List should have at least 1 item after validation, not 0';
    const ctx = { field_type: 'List', min_length: 1, actual_length: 0 };
    return { issue: { type: 'too_short', loc, msg, input: value, ctx } };
  }
  const at = value.findIndex((text) => typeof text !== 'string');
  return at === -1 ? { value: value as string[] } : { issue: notString(value[at]!, [...loc, at]) };
}

/** A body that is not declared to be JSON counts as a plain string: browsers send such bodies across origins unasked. */
async function readField(request: IncomingMessage, name: string, hold: ByteHold): Promise<BodyField<JsonValue>> {
  const body = await readBody(request, MAX_JSON_BYTES, hold);
  if (body.length === 0) return missing(['body'], null);
  const value = isJson(request) ? parseJson(body) : body.toString('utf8');
  if (value === null) return missing(['body'], null);
  if (!(value instanceof Map)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    return { issue: { type: 'model_attributes_type', loc: ['body'], msg, input: value } };
  }
  const field = value.get(name);
  return field === undefined ? missing(['body', name], value) : { value: field };
}

function parseJson(body: Buffer): JsonValue {
  try {
    return parsePythonJson(decodeJsonText(body));
  } catch (error) {
    if (error instanceof JsonLimitError && error.limit === 'values') throw tooManyValues();
    if (!(error instanceof JsonSyntaxError)) throw new Refusal(400, 'There was an error parsing the body');
    const { message, position } = error;
    const loc = ['body', position];
    throw refuseValues({ type: 'json_invalid', loc, msg: 'JSON decode error', input: new Map(), ctx: { error: message } });
  }
}

function notString(input: JsonValue, loc: ValidationIssue['loc']): ValidationIssue {
  return { type: 'string_type', loc, msg: 'Input should be a valid string', input };
}

function missing(loc: readonly string[], input: JsonValue): { readonly issue: ValidationIssue } {
  return { issue: { type: 'missing', loc, msg: 'Field required', input } };
}

function tooManyValues(): Refusal {
  return new Refusal(413, `The body holds more than ${MAX_JSON_VALUES} values, the limit of this server.`);
}
