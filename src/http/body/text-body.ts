import type { IncomingMessage } from 'node:http';
import { MAX_TEXT_BYTES } from '../../limits.ts';
import { Refusal, refuseValues, type ValidationIssue } from '../refusal.ts';
import type { ByteHold } from './held-bytes.ts';
import { decodeJsonText } from './json-encoding.ts';
import { JsonLimitError, JsonSyntaxError, type JsonValue, MAX_JSON_VALUES, parsePythonJson } from './python-json.ts';
import { readBody } from './request-body.ts';

/** The longest text, and some room for what is around it. */
const MAX_JSON_BYTES = MAX_TEXT_BYTES + 64 * 1024;
const FIELD = 'text';
const JSON_TYPE = /^application\/(?:json|[^/]*\+json)$/;

/** The text of a request, or what is wrong with the body. */
export type TextBody = { readonly text: string } | { readonly issue: ValidationIssue };

/**
 * Reads `{"text": "..."}` as FastAPI does. A body that is not declared to be JSON counts as a plain string: browsers send such
 * bodies across origins unasked.
 * @throws Refusal 400, 413, 422, 429; ClientGone
 */
export async function readTextBody(request: IncomingMessage, hold: ByteHold): Promise<TextBody> {
  const body = await readBody(request, MAX_JSON_BYTES, hold);
  if (body.length === 0) return missing(['body'], null);
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  const value = JSON_TYPE.test(mediaType.trim().toLowerCase()) ? parseJson(body) : body.toString('utf8');
  if (value === null) return missing(['body'], null);
  if (!(value instanceof Map)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    return { issue: { type: 'model_attributes_type', loc: ['body'], msg, input: value } };
  }
  const text = value.get(FIELD);
  if (text === undefined) return missing(['body', FIELD], value);
  if (typeof text === 'string') return { text };
  return { issue: { type: 'string_type', loc: ['body', FIELD], msg: 'Input should be a valid string', input: text } };
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

function missing(loc: readonly string[], input: JsonValue): TextBody {
  return { issue: { type: 'missing', loc, msg: 'Field required', input } };
}

function tooManyValues(): Refusal {
  return new Refusal(413, `The body holds more than ${MAX_JSON_VALUES} values, the limit of this server.`);
}
