import { OnnxPredictError } from '../errors.ts';
import type { Decoder, DecoderBatch, Logits } from '../generation/decoder.ts';
import { gatherRows, isIdentity } from './gather-rows.ts';
import { padTexts } from './pad-texts.ts';
import { stackTexts } from './stack-texts.ts';
import type { FloatTensor, Tensor, TensorSession } from './tensor-session.ts';
import { createTokenCache } from './token-cache.ts';

/** The graphs of an encoder-decoder model as runner/prepare/step-graph.ts and encoder-graph.ts rewrite them. */
export interface PreparedSessions {
  readonly encoder: TensorSession;
  readonly decoder: TensorSession;
}

/**
 * A decoder over prepared graphs. The rows of a text must stand together.
 * @throws OnnxPredictError MODEL_INVALID if the graphs are not of this kind
 */
export function createPreparedDecoder(sessions: PreparedSessions): Decoder {
  const { encoder, decoder } = sessions;
  const cached = decoder.inputs.filter(({ name }) => name.startsWith('cache.'));
  const width = cached[0]?.dims[1];
  if (typeof width !== 'number' || encoder.outputs.length !== cached.length) throw invalid('do not fit together');
  const names = cached.map(({ name }) => name.slice('cache.'.length));
  return {
    async start(texts, padTokenId) {
      const ofTexts = await encode(encoder, texts);
      ofTexts.set('encoder_attention_mask', padTexts(texts, padTokenId).attentionMask);
      return createBatch({ decoder, names, width }, ofTexts, texts.length);
    },
  };
}

/**
 * Encodes texts one by one: a batch would cost as much, more where lengths differ, and its 8-bit rounding would be that of all texts.
 * @returns cross.N.key [numTexts, H, D, length], cross.N.value [numTexts, H, length, D]
 */
async function encode(encoder: TensorSession, texts: readonly (readonly number[])[]): Promise<Map<string, Tensor>> {
  const names = encoder.outputs.map(({ name }) => name);
  const known = new Map<string, FloatTensor[]>(names.map((name) => [name, []]));
  for (const text of texts) {
    const { inputIds, attentionMask } = padTexts([text], 0);
    const feeds = new Map([['input_ids', inputIds]]);
    if (encoder.inputs.some(({ name }) => name === 'attention_mask')) feeds.set('attention_mask', attentionMask);
    for (const [name, tensor] of await encoder.runTensors(feeds, names)) {
      if (tensor.type !== 'float32' || tensor.dims.length !== 4) throw invalid(`give ${name} of another kind than is known`);
      known.get(name)?.push(tensor);
    }
  }
  return new Map(
    [...known].map(([name, tensors]) => [name, { type: 'float32', ...stackTexts(tensors, name.endsWith('.key') ? 3 : 2) }]),
  );
}

interface StepParts {
  readonly decoder: TensorSession;
  /** The parts of the cache: `0.key`, `0.value`, ... */
  readonly names: readonly string[];
  /** numHeads * headDim. */
  readonly width: number;
}

/** @param ofTexts what is known of each text: each [numTexts, ...] */
function createBatch({ decoder, names, width }: StepParts, ofTexts: Map<string, Tensor>, numTexts: number): DecoderBatch {
  const cache = createTokenCache(names, width);
  /** Which text each row of the step before belongs to. */
  let textOfRow = Int32Array.from({ length: numTexts }, (_, text) => text); // [numRows]
  /** What `ofTexts` holds in each place: a text, or one text several times where texts differ in their rows. */
  let places: Int32Array = textOfRow;

  /** Makes `ofTexts` such that its places, each for equally many rows, are the rows' texts in their order. */
  function follow(texts: Int32Array): void {
    const wanted = placesOf(texts);
    if (wanted.length === places.length && wanted.every((text, place) => text === places[place])) return;
    const sources = wanted.map((text) => places.indexOf(text));
    for (const [name, tensor] of ofTexts) ofTexts.set(name, gatherRows(tensor, sources));
    places = wanted;
  }

  return {
    async step({ inputIds, parents, logProbs }) {
      if (!isIdentity(parents, textOfRow.length)) {
        const before = textOfRow;
        textOfRow = parents.map((parent) => before[parent]!);
        follow(textOfRow);
      }
      cache.reorder(parents);
      const numRows = inputIds.length;
      const ids: Tensor = { type: 'int64', data: BigInt64Array.from(inputIds, BigInt), dims: [numRows, 1] };
      const feeds = new Map<string, Tensor>([['input_ids', ids], ...ofTexts, ...cache.feeds()]);
      const scores = logProbs ? 'log_probs' : 'logits';
      const outputs = await decoder.runTensors(feeds, [scores, ...names.map((name) => `new.${name}`)]);
      cache.append(numRows, outputs);
      return toLogits(outputs.get(scores)!, numRows, logProbs);
    },
  };
}

/** One place for each text if all have equally many rows, or else one for each row. */
function placesOf(textOfRow: Int32Array): Int32Array {
  const texts = textOfRow.filter((text, row) => row === 0 || text !== textOfRow[row - 1]);
  const numRows = textOfRow.length / texts.length;
  const even = textOfRow.every((text, row) => text === texts[Math.floor(row / numRows)]);
  return even ? texts : textOfRow;
}

function toLogits({ type, data, dims }: Tensor, numRows: number, normalized: boolean): Logits {
  const vocabSize = dims.at(-1) ?? 0;
  if (type !== 'float32' || vocabSize === 0 || data.length !== numRows * vocabSize) {
    throw invalid(`give scores of shape [${dims.join(', ')}] for ${numRows} tokens`);
  }
  return { data, vocabSize, normalized }; // [numRows, vocabSize]
}

function invalid(problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The model's prepared graphs ${problem}.`);
}
