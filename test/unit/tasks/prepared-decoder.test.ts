import { describe, expect, test } from 'vitest';
import type { DecoderBatch } from '../../../src/generation/decoder.ts';
import { createPreparedDecoder } from '../../../src/tasks/prepared-decoder.ts';
import type { Tensor, TensorDescription, TensorSession } from '../../../src/tasks/tensor-session.ts';

const describeTensor = (name: string, type: string, ...dims: (number | null)[]): TensorDescription => ({ name, type, dims });
const IDS = describeTensor('input_ids', 'int64', null, null);
const MASK = describeTensor('attention_mask', 'int64', null, null);
const CROSS = ['cross.0.key', 'cross.0.value'].map((name) => describeTensor(name, 'float32', null, 1, 1, null));
const CACHE = ['cache.0.key', 'cache.0.value'].map((name) => describeTensor(name, 'float32', null, 1));

/** A graph whose every output is the first id of each of its rows, and which notes what it was fed. */
class FakeGraph implements TensorSession {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly fed: ReadonlyMap<string, Tensor>[] = [];
  readonly wanted: (readonly string[])[] = [];
  vocabSize = 2;

  constructor(inputs: readonly TensorDescription[], outputs: readonly TensorDescription[] = []) {
    this.inputs = inputs;
    this.outputs = outputs;
  }
  async run(): Promise<never> {
    throw new Error('A decoder asks for several tensors.');
  }
  async runTensors(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]) {
    this.fed.push(feeds);
    this.wanted.push(outputs);
    const { data, dims } = feeds.get('input_ids')!;
    const [numRows = 0, length = 0] = dims;
    const ids = Array.from({ length: numRows }, (_, row) => Number(data[row * length]));
    return new Map(outputs.map((name) => [name, this.#answer(name, ids)]));
  }
  async release() {}

  #answer(name: string, ids: readonly number[]): Tensor {
    const isScores = name === 'logits' || name === 'log_probs';
    const width = isScores ? this.vocabSize : 1;
    const data = Float32Array.from(ids.flatMap((id) => Array.from({ length: width }, () => id)));
    return { type: 'float32', data, dims: isScores ? [ids.length, 1, width] : [ids.length, ...Array(3).fill(1)] };
  }
  numbers(call: number, name: string): number[] {
    return Array.from(this.fed[call]!.get(name)!.data as Iterable<number | bigint>, Number);
  }
}

const newEncoder = (inputs = [IDS, MASK]) => new FakeGraph(inputs, CROSS);
const newDecoder = () => new FakeGraph([IDS, describeTensor('cache_rows', 'int64', null, 1, null), ...CROSS, ...CACHE]);

async function start(texts: readonly (readonly number[])[]): Promise<{ decoder: FakeGraph; batch: DecoderBatch }> {
  const decoder = newDecoder();
  return { decoder, batch: await createPreparedDecoder({ encoder: newEncoder(), decoder }).start(texts, 0) };
}

const rows = (inputIds: readonly number[], parents: readonly number[], logProbs = false) => ({
  inputIds: Int32Array.from(inputIds),
  parents: Int32Array.from(parents),
  logProbs,
});

describe('createPreparedDecoder', () => {
  test('encodes each text by itself, once, and lets the decoder see the padding', async () => {
    const [encoder, decoder] = [newEncoder(), newDecoder()];
    const batch = await createPreparedDecoder({ encoder, decoder }).start([[5, 6, 7], [8]], 9);
    await batch.step(rows([1, 1], [0, 1]));
    await batch.step(rows([1, 1], [0, 1]));
    expect(encoder.fed).toHaveLength(2);
    expect(encoder.numbers(0, 'input_ids')).toEqual([5, 6, 7]);
    expect(encoder.numbers(1, 'input_ids')).toEqual([8]);
    expect(encoder.wanted[0]).toEqual(['cross.0.key', 'cross.0.value']);
    expect(decoder.numbers(1, 'encoder_attention_mask')).toEqual([1, 1, 1, 1, 0, 0]);
  });

  test('feeds an encoder no mask that it does not take', async () => {
    const encoder = newEncoder([IDS]);
    await createPreparedDecoder({ encoder, decoder: newDecoder() }).start([[5]], 0);
    expect([...encoder.fed[0]!.keys()]).toEqual(['input_ids']);
  });

  test('keeps one place for all rows of a text, as long as all texts have equally many', async () => {
    const { decoder, batch } = await start([[5], [6]]);
    await batch.step(rows([1, 1], [0, 1]));
    await batch.step(rows([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]));
    await batch.step(rows([1, 2, 3, 4, 5, 6], [2, 2, 0, 5, 3, 4]));
    for (const call of [0, 1, 2]) expect(decoder.numbers(call, 'cross.0.key')).toEqual([5, 6]);
    expect(decoder.fed[2]!.get('input_ids')!.dims).toEqual([6, 1]);
    expect(decoder.fed[2]!.get('cache_rows')!.dims).toEqual([6, 1, 2]);
  });

  test('gives each row a place where texts have not equally many, and takes it back', async () => {
    const { decoder, batch } = await start([[5], [6]]);
    await batch.step(rows([1, 1], [0, 1]));
    await batch.step(rows([1, 2, 3, 4], [0, 0, 0, 1]));
    await batch.step(rows([1, 2, 3, 4], [0, 2, 3, 3]));
    expect(decoder.numbers(1, 'cross.0.key')).toEqual([5, 5, 5, 6]);
    expect(decoder.numbers(1, 'encoder_attention_mask')).toEqual([1, 1, 1, 1]);
    expect(decoder.numbers(2, 'cross.0.key')).toEqual([5, 6]);
  });

  test('forgets texts that end, and keeps the pasts of the others', async () => {
    const { decoder, batch } = await start([[5], [6], [7]]);
    await batch.step(rows([10, 20, 30], [0, 1, 2]));
    await batch.step(rows([11, 31], [0, 2]));
    await batch.step(rows([32, 33], [1, 1]));
    expect(decoder.numbers(1, 'cross.0.key')).toEqual([5, 7]);
    expect(decoder.numbers(2, 'cross.0.key')).toEqual([7]);
    const places = decoder.numbers(2, 'cache_rows');
    const cached = decoder.numbers(2, 'cache.0.value');
    expect(places.map((place) => cached[place])).toEqual([30, 31, 30, 31]);
  });

  test('asks for log-probabilities where they are wanted, and says that they are', async () => {
    const { decoder, batch } = await start([[5]]);
    expect(await batch.step(rows([1], [0]))).toMatchObject({ vocabSize: 2, normalized: false });
    expect(await batch.step(rows([4], [0], true))).toEqual({ data: Float32Array.of(4, 4), vocabSize: 2, normalized: true });
    expect(decoder.wanted.map(([scores]) => scores)).toEqual(['logits', 'log_probs']);
  });

  test('refuses graphs that do not belong together', () => {
    const refused = expect.objectContaining({ code: 'MODEL_INVALID' });
    const other = new FakeGraph([IDS, CACHE[0]!]);
    expect(() => createPreparedDecoder({ encoder: newEncoder(), decoder: other })).toThrow(refused);
    expect(() => createPreparedDecoder({ encoder: newEncoder(), decoder: new FakeGraph([IDS]) })).toThrow(refused);
  });

  test('refuses scores that are not of a vocabulary', async () => {
    const { decoder, batch } = await start([[5]]);
    decoder.vocabSize = 0;
    await expect(batch.step(rows([1], [0]))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
