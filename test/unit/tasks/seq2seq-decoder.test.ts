import { describe, expect, test } from 'vitest';
import { createSeq2SeqDecoder } from '../../../src/tasks/seq2seq-decoder.ts';
import type { Tensor, TensorDescription, TensorSession } from '../../../src/tasks/tensor-session.ts';

const IDS: TensorDescription = { name: 'input_ids', type: 'int64', dims: [null, null] };
const MASK: TensorDescription = { name: 'encoder_attention_mask', type: 'int64', dims: [null, null] };
const HIDDEN: TensorDescription = { name: 'encoder_hidden_states', type: 'float32', dims: [null, null, 1] };
const CACHE_BRANCH: TensorDescription = { name: 'use_cache_branch', type: 'bool', dims: [1] };
const KEYS = ['0.decoder.key', '0.decoder.value', '0.encoder.key', '0.encoder.value'];
const PAST = KEYS.map(
  (key): TensorDescription => ({ name: `past_key_values.${key}`, type: 'float32', dims: [null, 1, null, 1] }),
);
const LOGITS: TensorDescription = { name: 'logits', type: 'float32', dims: [null, null, 2] };
const PRESENT = KEYS.map((key): TensorDescription => ({ name: `present.${key}`, type: 'float32', dims: [] }));

/** A graph that answers each row with numbers of its own, and notes what it was fed. */
class FakeGraph implements TensorSession {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** It cannot take one copy for several rows. */
  refusesShared = false;
  readonly calls: { feeds: ReadonlyMap<string, Tensor>; outputs: readonly string[] }[] = [];

  constructor(inputs: readonly TensorDescription[], outputs: readonly TensorDescription[]) {
    this.inputs = inputs;
    this.outputs = outputs;
  }
  async run(): Promise<never> {
    throw new Error('A decoder asks for several tensors.');
  }
  async runTensors(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]) {
    this.calls.push({ feeds, outputs });
    const numRows = feeds.get('input_ids')!.dims[0]!;
    const shared = feeds.get('past_key_values.0.encoder.key')?.dims[0] !== numRows;
    if (shared && this.refusesShared) throw new Error('The shapes do not fit together.');
    return new Map(outputs.map((name) => [name, this.#answer(name, numRows)]));
  }
  async release() {}

  #answer(name: string, numRows: number): Tensor {
    const step = 10 * this.calls.length;
    const width = name === 'logits' ? 2 : 1;
    const data = Float32Array.from({ length: numRows * width }, (_, i) => step + Math.floor(i / width));
    return { type: 'float32', data, dims: name === 'logits' ? [numRows, 1, 2] : [numRows, 1, 1, 1] };
  }
  fed(call: number, name: string): number[] {
    return Array.from(this.calls[call]!.feeds.get(name)!.data, Number);
  }
}

function encoder(): FakeGraph {
  const attentionMask = { ...MASK, name: 'attention_mask' };
  return new FakeGraph([IDS, attentionMask], [{ name: 'last_hidden_state', type: 'float32', dims: [null, null, 1] }]);
}

function merged(): FakeGraph {
  return new FakeGraph([IDS, MASK, HIDDEN, ...PAST, CACHE_BRANCH], [LOGITS, ...PRESENT]);
}

const step = (inputIds: readonly number[], parents: readonly number[]) => ({
  inputIds: Int32Array.from(inputIds),
  parents: Int32Array.from(parents),
  logProbs: false,
});

describe('createSeq2SeqDecoder', () => {
  test('pads the texts of a batch and hides the padding', async () => {
    const graph = encoder();
    const decoder = createSeq2SeqDecoder({ encoder: graph, decoder: merged(), decoderWithPast: null });
    await decoder.start([[5, 6, 1], [7]], 9);
    expect(graph.calls[0]!.feeds.get('input_ids')).toMatchObject({ dims: [2, 3], type: 'int64' });
    expect(graph.fed(0, 'input_ids')).toEqual([5, 6, 1, 7, 9, 9]);
    expect(graph.fed(0, 'attention_mask')).toEqual([1, 1, 1, 1, 0, 0]);
  });

  test('keeps the first keys and values of the text, which a merged decoder gives back empty later', async () => {
    const graph = merged();
    const batch = await createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null }).start([[1], [2]], 0);
    await batch.step(step([0, 0], [0, 1]));
    expect(graph.fed(0, 'use_cache_branch')).toEqual([0]);
    expect(graph.calls[0]!.feeds.get('past_key_values.0.decoder.key')!.dims).toEqual([2, 1, 0, 1]);
    await batch.step(step([3, 4], [0, 1]));
    const { data } = await batch.step(step([5, 6], [0, 1]));
    expect([...data]).toEqual([30, 30, 31, 31]);
    expect(graph.fed(2, 'use_cache_branch')).toEqual([1]);
    expect(graph.fed(2, 'past_key_values.0.encoder.key')).toEqual([10, 11]);
    expect(graph.fed(2, 'past_key_values.0.decoder.key')).toEqual([20, 21]);
    expect(graph.calls[2]!.outputs).toEqual(['logits', 'present.0.decoder.key', 'present.0.decoder.value']);
  });

  test('orders the memory as the rows are ordered, and drops what belongs to no row', async () => {
    const graph = merged();
    const batch = await createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null }).start([[1], [2]], 0);
    await batch.step(step([0, 0], [0, 1]));
    await batch.step(step([3, 3, 4, 4], [0, 0, 1, 1]));
    expect(graph.fed(1, 'past_key_values.0.encoder.key')).toEqual([10, 10, 11, 11]);
    await batch.step(step([3, 3, 4, 4], [1, 0, 3, 3]));
    expect(graph.fed(2, 'past_key_values.0.decoder.key')).toEqual([21, 20, 23, 23]);
    const shared = graph.calls[2]!.feeds.get('past_key_values.0.encoder.key');
    expect(shared).toBe(graph.calls[1]!.feeds.get('past_key_values.0.encoder.key'));
    await batch.step(step([4, 4], [3, 2]));
    expect(graph.fed(3, 'past_key_values.0.encoder.key')).toEqual([11, 11]);
    expect(graph.fed(3, 'past_key_values.0.decoder.key')).toEqual([33, 32]);
    expect(graph.calls[3]!.feeds.get('encoder_attention_mask')!.dims).toEqual([2, 1]);
  });

  test("takes each row's text along where one text leaves as another grows into its place", async () => {
    const graph = merged();
    const batch = await createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null }).start([[1], [2]], 0);
    await batch.step(step([0, 0], [0, 1]));
    await batch.step(step([3, 4], [1, 1]));
    expect(graph.fed(1, 'past_key_values.0.encoder.key')).toEqual([11, 11]);
  });

  test('lets the beams of a single text share what is known of it, unless the graph cannot', async () => {
    const graph = merged();
    const decoder = createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null });
    const batch = await decoder.start([[1]], 0);
    await batch.step(step([0], [0]));
    await batch.step(step([3, 4], [0, 0]));
    expect(graph.fed(1, 'past_key_values.0.encoder.key')).toEqual([10]);
    expect(graph.fed(1, 'past_key_values.0.decoder.key')).toEqual([10, 10]);
    graph.refusesShared = true;
    const { data } = await batch.step(step([5, 6], [1, 0]));
    expect([...data]).toEqual([40, 40, 41, 41]);
    expect(graph.fed(3, 'past_key_values.0.encoder.key')).toEqual([10, 10]);
    const other = await decoder.start([[1]], 0);
    await other.step(step([0], [0]));
    await other.step(step([3, 4], [0, 0]));
    expect(graph.calls).toHaveLength(6);
    expect(graph.fed(5, 'past_key_values.0.encoder.key')).toEqual([50, 50]);
  });

  test('keeps what is known of the texts that go on where one was given up before the first step', async () => {
    const graph = merged();
    const decoder = createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null });
    const batch = await decoder.start([[1], [2], [3]], 0);
    await batch.step(step([0, 0], [0, 2]));
    expect(graph.calls[0]!.feeds.get('encoder_hidden_states')!.dims[0]).toBe(2);
    await batch.step(step([4, 4, 3], [1, 1, 0]));
    expect(graph.fed(1, 'past_key_values.0.encoder.key')).toEqual([11, 11, 10]);
    expect(graph.fed(1, 'past_key_values.0.decoder.key')).toEqual([11, 11, 10]);
  });

  test('does not copy the memory while the order stays', async () => {
    const graph = merged();
    const batch = await createSeq2SeqDecoder({ encoder: encoder(), decoder: graph, decoderWithPast: null }).start([[1]], 0);
    await batch.step(step([0], [0]));
    await batch.step(step([3], [0]));
    expect(graph.calls[1]!.feeds.get('encoder_hidden_states')).toBe(graph.calls[0]!.feeds.get('encoder_hidden_states'));
  });

  test.each([
    ['without', [IDS, MASK, ...PAST]],
    ['with', [IDS, MASK, HIDDEN, ...PAST]],
  ])('feeds a split decoder what it takes, %s the hidden states', async (_, inputs) => {
    const first = new FakeGraph([IDS, MASK, HIDDEN], [LOGITS, ...PRESENT]);
    const next = new FakeGraph(inputs, [LOGITS, ...PRESENT.slice(0, 2)]);
    const batch = await createSeq2SeqDecoder({ encoder: encoder(), decoder: first, decoderWithPast: next }).start([[1]], 0);
    await batch.step(step([0], [0]));
    await batch.step(step([3], [0]));
    expect([...first.calls[0]!.feeds.keys()].sort()).toEqual(['encoder_attention_mask', 'encoder_hidden_states', 'input_ids']);
    expect([...next.calls[0]!.feeds.keys()].sort()).toEqual(inputs.map(({ name }) => name).sort());
  });

  test('refuses a decoder that is not merged and has no other beside it', () => {
    const decoder = new FakeGraph([IDS, MASK, HIDDEN], [LOGITS, ...PRESENT]);
    const create = () => createSeq2SeqDecoder({ encoder: encoder(), decoder, decoderWithPast: null });
    expect(create).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining('use_cache_branch') }),
    );
  });

  test('refuses a decoder with an input that nobody knows', () => {
    const image: TensorDescription = { name: 'pixel_values', type: 'float32', dims: [] };
    const decoder = new FakeGraph([...merged().inputs, image], [LOGITS, ...PRESENT]);
    const create = () => createSeq2SeqDecoder({ encoder: encoder(), decoder, decoderWithPast: null });
    expect(create).toThrow('pixel_values');
  });
});
