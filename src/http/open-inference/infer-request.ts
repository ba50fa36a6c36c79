import * as v from 'valibot';
import { parseJsonBytes, parseValue } from '../body/json-body.ts';
import { Refusal } from '../refusal.ts';
import { ParametersSchema } from './open-inference-schemas.ts';

const BAD_REQUEST = 400;
const sizeSchema = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);
const nameSchema = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const parameters = v.optional(ParametersSchema, {});

/** An inference request's JSON, whatever model it is for. Members that the protocol does not have are ignored, as it asks for. */
const InferRequestSchema = v.object({
  id: v.optional(v.string()),
  parameters,
  inputs: v.pipe(
    v.array(
      v.object({
        name: nameSchema,
        shape: v.pipe(v.array(sizeSchema), v.nonEmpty('must not be empty')),
        datatype: v.string(),
        parameters: v.optional(v.looseObject({ binary_data_size: v.optional(sizeSchema) }), {}),
        data: v.optional(v.unknown()),
      }),
    ),
    v.nonEmpty('must not be empty'),
  ),
  outputs: v.optional(v.array(v.object({ name: nameSchema, parameters }))),
});

export type InferRequest = Omit<v.InferOutput<typeof InferRequestSchema>, 'inputs'> & { readonly inputs: readonly InputTensor[] };

/** A tensor of strings of bytes, as all are that models take here. */
export interface InputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  /** In row-major order: what came as JSON is text, what came in binary is not. */
  readonly elements: readonly (string | Buffer)[];
}

/**
 * Reads an inference request.
 * @param headerLength of the JSON; what follows it are tensors in binary, in the order of the inputs. Undefined: all is JSON.
 * @throws Refusal 400, 413
 */
export function parseInferRequest(body: Buffer, headerLength: number | undefined): InferRequest {
  if (headerLength !== undefined && headerLength > body.length) {
    throw new Refusal(
      BAD_REQUEST,
      `Inference-Header-Content-Length: is ${headerLength}, more than the body's ${body.length} bytes`,
    );
  }
  const json = parseJsonBytes(body.subarray(0, headerLength));
  const { inputs, ...request } = parseValue(InferRequestSchema, json, { status: BAD_REQUEST });
  let rest = body.subarray(headerLength ?? body.length);
  const tensors = inputs.map(({ name, shape, datatype, parameters: { binary_data_size: size }, data }, i): InputTensor => {
    const at = `inputs.${i}`;
    if ((size === undefined) === (data === undefined)) {
      throw new Refusal(BAD_REQUEST, `${at}: needs either data or parameters.binary_data_size`);
    }
    if (size === undefined) return { name, shape, datatype, elements: flatten(data, shape, `${at}.data`) };
    if (size > rest.length) {
      throw new Refusal(BAD_REQUEST, `${at}.parameters.binary_data_size: is ${size}, but only ${rest.length} bytes are left`);
    }
    const elements = splitElements(rest.subarray(0, size), `${at}: its binary data`);
    rest = rest.subarray(size);
    return { name, shape, datatype, elements };
  });
  if (rest.length > 0) throw new Refusal(BAD_REQUEST, `${rest.length} bytes of the body belong to no input`);
  return { ...request, inputs: tensors };
}

/** Data may be flat, or nested as its shape is. */
function flatten(data: unknown, shape: readonly number[], name: string): string[] {
  const flat = Array.isArray(data) ? data.flat(shape.length - 1) : undefined;
  if (flat?.every((element) => typeof element === 'string')) return flat;
  throw new Refusal(BAD_REQUEST, `${name}: must be a list of strings, flat or nested as the shape says`);
}

/** Elements of BYTES, each after its length in four bytes, little-endian. */
function splitElements(bytes: Buffer, name: string): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) {
      throw new Refusal(BAD_REQUEST, `${name} ends within an element: each is its length, in four bytes, and its bytes`);
    }
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return elements;
}
