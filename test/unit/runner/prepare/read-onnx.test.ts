import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../../src/errors.ts';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxTensor } from '../../../../src/runner/prepare/onnx-model.ts';
import { readOnnx } from '../../../../src/runner/prepare/read-onnx.ts';
import { readTensorData } from '../../../../src/runner/prepare/tensor-data.ts';
import type { WireWriter } from '../../../../src/runner/prepare/wire-writer.ts';
import {
  createRandom,
  FIXTURES,
  floats,
  graph,
  invalid,
  model,
  node,
  temporaryFolder,
  thrownBy,
  writeGraphFile,
  writeModel,
} from './onnx-files.ts';

const FILES = globSync('*/onnx/*.onnx', { cwd: FIXTURES });

/** A graph as what can be compared: weights as their hashes, wherever they lie. */
function describeGraph({ nodes, initializers, inputs, outputs }: OnnxGraph): unknown {
  return {
    nodes: nodes.map(({ attributes, ...rest }) => ({
      ...rest,
      attributes: [...attributes].map(([name, value]) => [name, describeAttribute(value)]),
    })),
    initializers: [...initializers].map(([name, tensor]) => [name, describeTensor(tensor)]),
    inputs,
    outputs,
  };
}

function describeAttribute({ kind, value }: OnnxAttribute): unknown {
  if (kind === 'graph') return describeGraph(value);
  if (kind === 'tensor') return describeTensor(value);
  return [kind, kind === 'text' ? Buffer.from(value).toString('hex') : value];
}

function describeTensor(tensor: OnnxTensor): unknown {
  const { dataType, dims } = tensor;
  return [dataType, dims, createHash('sha256').update(readTensorData(tensor)).digest('hex')];
}

/** The one tensor of a graph file, whose fields are the caller's; not for those that are refused. */
function readOneTensor(write: (tensor: WireWriter) => void): OnnxTensor {
  return readOnnx(tensorFile(temporaryFolder(), write)).graph.initializers.get('t')!;
}

function tensorFile(folder: string, write: (tensor: WireWriter) => void): string {
  return writeGraphFile(folder, (graph) =>
    graph.message(5, (tensor) => {
      tensor.text(8, 't');
      write(tensor);
    }),
  );
}

function writeEach(values: readonly number[], write: (value: number) => void): void {
  for (const value of values) write(value);
}

function writeIntegers(writer: WireWriter, ...fields: readonly (readonly [number, number])[]): void {
  for (const [field, value] of fields) writer.integer(field, value);
}

function packedVarints(...values: number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7])));
}

/** Small, with an attribute of every kind, a graph in a graph and a tensor in every form. */
const SMALL: OnnxModel = model(
  graph(
    [
      node('Add', ['in', 'w'], ['sum'], { name: 'first' }),
      node('If', ['sum'], ['out'], {
        attributes: new Map<string, OnnxAttribute>([
          ['float', { kind: 'float', value: -0.5 }],
          ['int', { kind: 'int', value: -3 }],
          ['text', { kind: 'text', value: Uint8Array.of(97, 255) }],
          ['ints', { kind: 'ints', value: [1, -1, 2 ** 63] }],
          ['floats', { kind: 'floats', value: [1.5, -2] }],
          ['tensor', { kind: 'tensor', value: floats([1, 2, 3]) }],
          [
            'graph',
            { kind: 'graph', value: graph([node('Neg', ['sum'], ['out'], { domain: 'com.microsoft' })], { inputs: [] }) },
          ],
        ]),
      }),
    ],
    {
      initializers: new Map([
        ['w', floats([0.5, 0.25])],
        ['large', floats(Array.from({ length: 300 }, (_, i) => i))],
      ]),
      inputs: [{ name: 'in', dataType: 1, dims: ['batch', 2, ''] }],
    },
  ),
);

describe('readOnnx', () => {
  test('finds the fixtures', () => expect(FILES.length).toBeGreaterThanOrEqual(13));

  test.each(FILES)('reads of %s what writeOnnx then writes and it reads again', (file) => {
    const read = readOnnx(join(FIXTURES, file));
    expect(read.graph.outputs.length).toBeGreaterThan(0);
    const again = readOnnx(writeModel(temporaryFolder(), read));
    expect(describeGraph(again.graph)).toEqual(describeGraph(read.graph));
    expect([again.irVersion, ...again.opsets]).toEqual([read.irVersion, ...read.opsets]);
  });

  test('reads every kind of attribute as it was written, the largest integers too', () => {
    expect(describeGraph(readOnnx(writeModel(temporaryFolder(), SMALL)).graph)).toEqual(describeGraph(SMALL.graph));
  });

  test('refuses integers that would not be written as they were', () => {
    const path = writeGraphFile(temporaryFolder(), (graph) =>
      graph.message(1, (node) =>
        node.message(5, (attribute) => {
          attribute.integer(3, 2n ** 53n + 1n);
          attribute.integer(20, 2);
        }),
      ),
    );
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid('9007199254740993'));
  });

  test.each<[string, number, readonly number[], (tensor: WireWriter) => void]>([
    ['float_data', 1, [1.5, -2], (tensor) => writeEach([1.5, -2], (value) => tensor.float(4, value))],
    ['packed float_data', 1, [1.5, -2], (tensor) => tensor.bytes(4, new Uint8Array(Float32Array.of(1.5, -2).buffer))],
    ['int64_data', 7, [7, -1], (tensor) => writeEach([7, -1], (value) => tensor.integer(7, value))],
    ['packed int64_data', 7, [7, 300], (tensor) => tensor.bytes(7, packedVarints(7, 300))],
    ['int32_data', 6, [7, -1], (tensor) => writeEach([7, -1], (value) => tensor.integer(5, value))],
    ['packed int32_data of bytes', 2, [7, 255], (tensor) => tensor.bytes(5, packedVarints(7, 255))],
    ['int32_data of signed bytes', 3, [7, -2], (tensor) => writeEach([7, -2], (value) => tensor.integer(5, value))],
    ['int32_data of truths', 9, [1, 0], (tensor) => tensor.bytes(5, packedVarints(1, 0))],
  ])('reads %s', (_, dataType, values, write) => {
    const { data } = readOneTensor((tensor) => {
      tensor.bytes(1, packedVarints(1, 2)); // packed dims
      tensor.integer(2, dataType);
      write(tensor);
    });
    const arrays = { 1: Float32Array, 2: Uint8Array, 3: Int8Array, 6: Int32Array, 7: BigInt64Array, 9: Uint8Array };
    const typed = new arrays[dataType as keyof typeof arrays]((data as Uint8Array<ArrayBuffer>).buffer);
    expect(Array.from(typed as Iterable<number | bigint>, Number)).toEqual(values);
  });

  test('leaves large float_data where it lies', () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i);
    const tensor = readOneTensor((tensor) => {
      tensor.integer(1, values.length);
      tensor.bytes(4, new Uint8Array(values.buffer));
      tensor.integer(2, 1);
    });
    expect(tensor.data).not.toBeInstanceOf(Uint8Array);
    expect(new Float32Array(tensor.data.length === 0 ? [] : readTensorDataOf(tensor)).at(-1)).toBe(299_999);
  });

  test('reads hundreds of thousands of numbers in one attribute or tensor', () => {
    const many = new Uint8Array(200_000).fill(1);
    const path = writeGraphFile(temporaryFolder(), (graph) => {
      graph.message(1, (node) =>
        node.message(5, (attribute) => {
          attribute.bytes(8, many);
          attribute.bytes(7, new Uint8Array(800_000));
          attribute.integer(20, 7);
        }),
      );
      graph.message(5, (tensor) => {
        tensor.bytes(1, many);
        tensor.integer(2, 7);
        tensor.bytes(7, Uint8Array.of(1));
      });
    });
    const { nodes, initializers } = readOnnx(path).graph;
    expect([...nodes[0]!.attributes.values()][0]).toMatchObject({ kind: 'ints', value: { length: 200_000 } });
    expect([...initializers.values()][0]!.dims).toHaveLength(200_000);
  });
});

function readTensorDataOf(tensor: OnnxTensor): ArrayBuffer {
  return readTensorData(tensor).buffer;
}

describe('readOnnx with weights beside the graph', () => {
  /** A graph whose one tensor of four floats lies where `entries` say. */
  function externalFile(folder: string, entries: Readonly<Record<string, string>>): string {
    return tensorFile(folder, (tensor) => {
      tensor.integer(1, 4);
      tensor.integer(2, 1);
      tensor.integer(14, 1);
      for (const [key, value] of Object.entries(entries)) {
        tensor.message(13, (entry) => {
          entry.text(1, key);
          entry.text(2, value);
        });
      }
    });
  }

  /** Twenty bytes of weights in `folder`, beside a folder with more. */
  function weightsFolder(): string {
    const parent = temporaryFolder();
    const folder = join(parent, 'model');
    mkdirSync(join(folder, 'sub'), { recursive: true });
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(9, 1, 2, 3, 4).buffer));
    writeFileSync(join(parent, 'outside.bin'), new Uint8Array(64));
    symlinkSync('../outside.bin', join(folder, 'leaving.bin'));
    symlinkSync('w.bin', join(folder, 'inside.bin'));
    symlinkSync('/dev/zero', join(folder, 'zero.bin'));
    return folder;
  }

  test.each([
    ['from an offset', { location: 'w.bin', offset: '4' }],
    ['of a length that is said', { location: 'w.bin', offset: '4', length: '16' }],
    ['through a link in the folder', { location: 'inside.bin', offset: '4' }],
  ])('reads them %s', (_, entries) => {
    const tensor = readOnnx(externalFile(weightsFolder(), entries)).graph.initializers.get('t')!;
    expect([...new Float32Array(readTensorDataOf(tensor))]).toEqual([1, 2, 3, 4]);
  });

  test.each<[string, RegExp, Readonly<Record<string, string>>]>([
    ['in the folder above', /outside its folder/, { location: '../outside.bin' }],
    ['at an absolute path', /outside its folder/, { location: '/dev/zero' }],
    ['in a folder below', /outside its folder/, { location: 'sub/w.bin' }],
    ['nowhere', /outside its folder/, {}],
    ['in the folder itself', /no file/, { location: '.' }],
    ['in the folder above itself', /outside its folder/, { location: '..' }],
    ['behind a link that leaves the folder', /no file in its folder/, { location: 'leaving.bin' }],
    ['behind a link to a device', /no file in its folder/, { location: 'zero.bin' }],
    ['in a file that is not there', /no file/, { location: 'missing.bin' }],
    ['in a file whose name no system allows', /no file/, { location: 'w\0.bin' }],
    ['in a folder', /no file/, { location: 'sub' }],
    ['beyond the end', /beyond the end/, { location: 'w.bin', offset: '8' }],
    ['far beyond the end', /beyond the end/, { location: 'w.bin', offset: '999999999999999' }],
    ['at a place before the start', /beyond the end/, { location: 'w.bin', offset: '-4' }],
    ['at a place that is no number', /beyond the end/, { location: 'w.bin', offset: '0x4' }],
    ['of another size', /another size/, { location: 'w.bin', length: '12' }],
  ])('refuses them %s', (_, message, entries) => {
    const path = externalFile(weightsFolder(), entries);
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid(message));
  });

  test('follows links to where all files of a cache lie, and to nowhere else', () => {
    const cache = temporaryFolder();
    mkdirSync(join(cache, 'blobs'));
    mkdirSync(join(cache, 'snapshot'));
    const blob = join(cache, 'blobs/data');
    writeFileSync(blob, new Uint8Array(16));
    externalFile(join(cache, 'blobs'), { location: 'w.bin' });
    symlinkSync('../blobs/model.onnx', join(cache, 'snapshot/model.onnx'));
    symlinkSync('../blobs/data', join(cache, 'snapshot/w.bin'));
    const tensor = readOnnx(join(cache, 'snapshot/model.onnx')).graph.initializers.get('t')!;
    expect(tensor.data).toMatchObject({ path: join(cache, 'snapshot/w.bin'), length: 16 });
  });
});

describe('readOnnx of files that are meant to harm', () => {
  test.each<[string, RegExp, (graph: WireWriter) => void, ((model: WireWriter) => void)?]>([
    ['functions', /functions/, () => {}, (model) => model.message(25, () => {})],
    ['training data', /training/, () => {}, (model) => model.message(20, () => {})],
    ['sparse weights', /sparse/, (graph) => graph.message(15, () => {})],
    ['a number where a node belongs', /number where a message/, (graph) => graph.integer(1, 5)],
    ['a message where a number belongs', /message where a number/, (graph) => graph.message(5, (tensor) => tensor.text(2, 'x'))],
    ['texts as weights', /a tensor {2}of a kind/, (graph) => graph.message(5, (tensor) => tensor.integer(2, 8))],
    ['complex numbers of an unknown kind', /of a kind/, (graph) => graph.message(5, (tensor) => tensor.integer(2, 99))],
    ['dims below zero', /of a kind/, (graph) => graph.message(5, (t) => writeIntegers(t, [2, 1], [1, -4]))],
    [
      'fewer numbers than it says',
      /another size/,
      (graph) => graph.message(5, (t) => writeIntegers(t, [1, 3], [2, 7], [7, 1], [7, 1])),
    ],
    [
      'an attribute of an unknown kind',
      /attribute {2}of a kind/,
      (graph) => graph.message(1, (n) => n.message(5, (a) => writeIntegers(a, [20, 11]))),
    ],
  ])('refuses %s', (_, message, write, more) => {
    const path = writeGraphFile(temporaryFolder(), write, more);
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid(message));
  });

  test.each([
    [[2 ** 31, 2 ** 31, 2 ** 31]],
    [[2 ** 52, 2 ** 52, 2 ** 52, 2 ** 52]],
    [Array.from({ length: 40 }, () => 2 ** 40)],
    [[2 ** 62, 0]],
    [[2 ** 32, 2 ** 30]], // 2 ** 64 bytes
  ])('refuses a tensor that says it has %s numbers', (dims) => {
    const path = tensorFile(temporaryFolder(), (tensor) => {
      for (const dim of dims) tensor.integer(1, BigInt(dim));
      tensor.integer(2, 1);
      tensor.bytes(9, new Uint8Array(8));
    });
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid());
  });

  test('refuses a graph in a graph five hundred times over, and one without a graph', () => {
    // Each message is the one before it in an attribute of a node of a graph: three levels, with lengths that grow.
    let message: Uint8Array = new Uint8Array();
    const wrap = (field: number, inner: Uint8Array) => {
      const head = [field * 8 + 2];
      for (let rest = inner.length; ; rest >>= 7) {
        head.push(rest < 128 ? rest : (rest & 127) | 128);
        if (rest < 128) break;
      }
      return Buffer.concat([Uint8Array.from(head), inner]);
    };
    const kind = Buffer.from('a00105', 'hex'); // type: graph
    for (let depth = 0; depth < 500; depth++) message = wrap(1, wrap(5, Buffer.concat([wrap(6, message), kind])));
    const path = join(temporaryFolder(), 'deep.onnx');
    writeFileSync(path, wrap(7, message));
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid('graphs in graphs'));
    writeFileSync(path, '');
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid('no graph'));
  });

  test('refuses hundreds of thousands of nodes of two bytes each before they fill the memory', () => {
    const path = join(temporaryFolder(), 'many.onnx');
    writeFileSync(path, Buffer.concat([Buffer.from('3a829f49', 'hex'), Buffer.alloc(1_200_002, '0a00', 'hex')]));
    const before = process.memoryUsage().heapUsed;
    expect(thrownBy(() => readOnnx(path))).toMatchObject(invalid('more parts'));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000_000);
  });

  /** Reads what `change` makes of a file's bytes: a graph, or MODEL_INVALID. */
  function readChanged(path: string, changed: Uint8Array): void {
    writeFileSync(path, changed);
    try {
      expect(readOnnx(path).graph.nodes).toBeInstanceOf(Array);
    } catch (error) {
      expect(error).toBeInstanceOf(OnnxPredictError);
      expect(error).toMatchObject(invalid());
    }
  }

  test('reads or refuses a small file cut off after each of its bytes', () => {
    const folder = temporaryFolder();
    const bytes = readFileSync(writeModel(folder, SMALL));
    expect(bytes.length).toBeGreaterThan(300);
    for (let length = 0; length < bytes.length; length++) readChanged(join(folder, 'cut.onnx'), bytes.subarray(0, length));
  });

  test('reads or refuses a small file with a bit of any byte turned', () => {
    const folder = temporaryFolder();
    const bytes = readFileSync(writeModel(folder, SMALL));
    const random = createRandom(7);
    for (let place = 0; place < bytes.length; place++) {
      const changed = Uint8Array.from(bytes);
      changed[place]! ^= 1 << Math.floor(8 * random());
      readChanged(join(folder, 'changed.onnx'), changed);
    }
  });

  test('reads or refuses a decoder with bytes changed at random', () => {
    const folder = temporaryFolder();
    const path = writeModel(folder, readOnnx(join(FIXTURES, 'tiny-t5/onnx/decoder_with_past_model.onnx')));
    const bytes = readFileSync(path);
    const random = createRandom(20);
    for (let round = 0; round < 150; round++) {
      const changed = Uint8Array.from(bytes);
      for (let i = 0; i < 1 + round / 50; i++) changed[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      readChanged(join(folder, 'changed.onnx'), changed);
    }
  });
});
