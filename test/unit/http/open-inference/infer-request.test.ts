import { describe, expect, test } from 'vitest';
import { parseInferRequest } from '../../../../src/http/open-inference/infer-request.ts';

const TEXTS = { name: 'text', shape: [2], datatype: 'BYTES', data: ['a', 'ü'] };

function parse(request: unknown, binary?: Buffer) {
  const json = Buffer.from(JSON.stringify(request));
  return parseInferRequest(Buffer.concat([json, binary ?? Buffer.alloc(0)]), binary === undefined ? undefined : json.length);
}

function element(bytes: string | Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(bytes));
  return Buffer.concat([length, Buffer.from(bytes)]);
}

describe('tensors in JSON', () => {
  test('are flat, or nested as their shape is', () => {
    expect(parse({ inputs: [TEXTS] }).inputs[0]!.elements).toEqual(['a', 'ü']);
    expect(parse({ inputs: [{ ...TEXTS, shape: [2, 1], data: [['a'], ['ü']] }] }).inputs[0]!.elements).toEqual(['a', 'ü']);
  });

  test('come with an id, parameters and wanted outputs, and with members that the protocol does not have', () => {
    const outputs = [{ name: 'summary', parameters: { binary_data: true } }];
    const parsed = parse({ id: '42', parameters: { num_beams: 2 }, outputs, inputs: [TEXTS], model_name: 'm' });
    expect(parsed).toMatchObject({ id: '42', parameters: { num_beams: 2 }, outputs });
  });
});

describe('tensors in binary', () => {
  const bytes = Buffer.concat([element('a'), element(Buffer.from([0xff, 0, 1])), element('')]);
  const parameters = { binary_data_size: bytes.length };

  test('stand behind the JSON in the order of the inputs', () => {
    const input = { name: 'image', shape: [3], datatype: 'BYTES', parameters };
    const more = element('second');
    const second = { ...input, shape: [1], parameters: { binary_data_size: more.length } };
    const { inputs } = parse({ inputs: [input, TEXTS, second] }, Buffer.concat([bytes, more]));
    expect(inputs.map(({ elements }) => elements)).toEqual([
      [Buffer.from('a'), Buffer.from([0xff, 0, 1]), Buffer.alloc(0)],
      ['a', 'ü'],
      [Buffer.from('second')],
    ]);
  });

  test.each([
    ['an element longer than the tensor', bytes.subarray(0, -5), bytes.length - 5, 'ends within an element'],
    ['a length that is cut off', Buffer.concat([bytes, Buffer.alloc(2)]), bytes.length + 2, 'ends within an element'],
    ['bytes of no input', Buffer.concat([bytes, bytes]), bytes.length, `${bytes.length} bytes of the body belong to no input`],
    ['fewer bytes than it says', bytes, bytes.length + 1, `only ${bytes.length} bytes are left`],
    ['a size that is negative', bytes, -1, 'binary_data_size: must not be negative'],
  ])('are refused with %s', (_, binary, size, message) => {
    const input = { name: 'image', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: size } };
    expect(() => parse({ inputs: [input] }, binary)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining(message) }),
    );
  });

  test('are refused where the header says more than there is', () => {
    expect(() => parseInferRequest(Buffer.from('{}'), 3)).toThrow('Inference-Header-Content-Length: is 3, more than');
  });
});

test.each([
  ['no object', [], 'The body: must be an object'],
  ['no inputs', {}, 'inputs: is missing'],
  ['inputs that are empty', { inputs: [] }, 'inputs: must not be empty'],
  ['an id that is a number', { id: 1, inputs: [TEXTS] }, 'id: must be a string'],
  ['a shape with a fraction', { inputs: [{ ...TEXTS, shape: [1.5] }] }, 'inputs.0.shape.0: must be a whole number'],
  ['parameters that hold a list', { parameters: { a: [] }, inputs: [TEXTS] }, 'parameters.a: must be a string, a number'],
  ['data of numbers', { inputs: [{ ...TEXTS, data: [1, 2] }] }, 'inputs.0.data: must be a list of strings'],
  ['data nested too deep', { inputs: [{ ...TEXTS, data: [['a'], ['b']] }] }, 'inputs.0.data: must be a list of strings'],
  ['neither data nor a size', { inputs: [{ ...TEXTS, data: undefined }] }, 'needs either data or'],
  ['both', { inputs: [{ ...TEXTS, parameters: { binary_data_size: 0 } }] }, 'needs either data or'],
])('a request with %s is refused', (_, request, message) => {
  expect(() => parse(request)).toThrow(expect.objectContaining({ status: 400, message: expect.stringContaining(message) }));
});

test('what is no JSON is refused with the place', () => {
  expect(() => parseInferRequest(Buffer.from('{"inputs": x}'), undefined)).toThrow(
    'The body is no JSON that can be read: Expecting value, at character 11.',
  );
});
