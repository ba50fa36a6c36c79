import { OnnxPredictError } from '../errors.ts';
import type { Decoder, DecoderBatch, Logits } from '../generation/decoder.ts';
import { fromFloat16 } from './float16.ts';
import { gatherRows, isIdentity } from './gather-rows.ts';
import { type CacheEntry, has, inspectSeq2Seq, type Seq2SeqInterface, type Seq2SeqSessions } from './seq2seq-graphs.ts';
import type { Tensor, TensorSession } from './tensor-session.ts';

/**
 * A decoder over the stock ONNX graphs of the T5 and BART families, merged or split, of any age and precision.
 * @throws OnnxPredictError MODEL_INVALID if the graphs do not fit together
 */
export function createSeq2SeqDecoder(sessions: Seq2SeqSessions): Decoder {
  const graphs = inspectSeq2Seq(sessions);
  return {
    async start(texts, padTokenId) {
      const { inputIds, attentionMask } = padTexts(texts, padTokenId);
      const feeds = new Map([['input_ids', inputIds]]);
      if (has(sessions.encoder, 'attention_mask')) feeds.set('attention_mask', attentionMask);
      const outputs = await sessions.encoder.runTensors(feeds, [graphs.hiddenStates]);
      return createBatch(sessions, graphs, {
        attentionMask,
        hiddenStates: outputs.get(graphs.hiddenStates)!,
        numTexts: texts.length,
      });
    },
  };
}

interface EncodedTexts {
  readonly attentionMask: Tensor; // [numTexts, length]
  readonly hiddenStates: Tensor; // [numTexts, length, hiddenSize]
  readonly numTexts: number;
}

/** Texts that are being decoded together, and the decoder's memory of them. */
function createBatch(sessions: Seq2SeqSessions, graphs: Seq2SeqInterface, encoded: EncodedTexts): DecoderBatch {
  const { decoder, decoderWithPast } = sessions;
  const { selfAttention, crossAttention } = graphs;
  /** Which text each row of the step before belongs to. */
  let textOfRow = Int32Array.from({ length: encoded.numTexts }, (_, text) => text); // [numRows]
  /** What each row knows of its text: the encoder's mask and hidden states, the cross-attention's keys and values. */
  let ofText = new Map([
    ['encoder_attention_mask', encoded.attentionMask],
    ['encoder_hidden_states', encoded.hiddenStates],
  ]); // each [numRows, ...]
  /** Keys and values of the tokens so far; undefined before the first step. */
  let ofTokens: Map<string, Tensor> | undefined; // each [numRows, numHeads, length, headDim]

  function reorder(parents: Int32Array): void {
    const before = textOfRow;
    if (isIdentity(parents, before.length)) return;
    if (ofTokens !== undefined) ofTokens = gatherAll(ofTokens, parents);
    textOfRow = parents.map((parent) => before[parent]!);
    // Beams of one text share what they know of it: most orders of beams change nothing there.
    const same = before.length === parents.length && before.every((text, row) => text === textOfRow[row]);
    if (!same) ofText = gatherAll(ofText, parents);
  }

  /** The inputs that every step has, as far as the graph takes them. */
  function commonFeeds(session: TensorSession, inputIds: Tensor): Map<string, Tensor> {
    const known = [...ofText].filter(([name]) => has(session, name));
    return new Map([['input_ids', inputIds], ...known]);
  }

  async function firstStep(inputIds: Tensor): Promise<ReadonlyMap<string, Tensor>> {
    const feeds = commonFeeds(decoder, inputIds);
    if (decoderWithPast === null) {
      feeds.set('use_cache_branch', flag(false));
      for (const entry of [...selfAttention, ...crossAttention]) feeds.set(entry.past.name, emptyPast(entry, textOfRow.length));
    }
    const outputs = await decoder.runTensors(feeds, ['logits', ...presents(selfAttention), ...presents(crossAttention)]);
    for (const [name, tensor] of take(outputs, crossAttention)) ofText.set(name, tensor);
    return outputs;
  }

  function nextStep(inputIds: Tensor, past: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
    const session = decoderWithPast ?? decoder;
    const feeds = commonFeeds(session, inputIds);
    for (const [name, tensor] of past) feeds.set(name, tensor);
    if (decoderWithPast === null) feeds.set('use_cache_branch', flag(true));
    // The keys and values of the encoder's text would come back empty, or not at all.
    return session.runTensors(feeds, ['logits', ...presents(selfAttention)]);
  }

  return {
    async step({ inputIds, parents }) {
      reorder(parents);
      const ids: Tensor = { type: 'int64', data: BigInt64Array.from(inputIds, BigInt), dims: [inputIds.length, 1] };
      const outputs = await (ofTokens === undefined ? firstStep(ids) : nextStep(ids, ofTokens));
      ofTokens = take(outputs, selfAttention);
      return toLogits(outputs.get('logits')!, inputIds.length);
    },
  };
}

/** Fills the shorter texts up with `padTokenId`, which the mask hides. */
function padTexts(texts: readonly (readonly number[])[], padTokenId: number): { inputIds: Tensor; attentionMask: Tensor } {
  const length = Math.max(...texts.map((text) => text.length));
  const dims = [texts.length, length];
  const ids = new BigInt64Array(texts.length * length).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(texts.length * length);
  texts.forEach((text, row) => {
    ids.set(BigInt64Array.from(text, BigInt), row * length);
    mask.fill(1n, row * length, row * length + text.length);
  });
  return { inputIds: { type: 'int64', data: ids, dims }, attentionMask: { type: 'int64', data: mask, dims } };
}

function presents(entries: readonly CacheEntry[]): string[] {
  return entries.map(({ present }) => present);
}

/** The outputs of a step under the names of the next step's inputs. */
function take(outputs: ReadonlyMap<string, Tensor>, entries: readonly CacheEntry[]): Map<string, Tensor> {
  return new Map(entries.map(({ past, present }) => [past.name, outputs.get(present)!]));
}

function gatherAll(tensors: ReadonlyMap<string, Tensor>, rows: Int32Array): Map<string, Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, gatherRows(tensor, rows)]));
}

function flag(value: boolean): Tensor {
  return { type: 'bool', data: Uint8Array.of(value ? 1 : 0), dims: [1] };
}

/** What a merged decoder takes as the past of the first token. */
function emptyPast({ past }: CacheEntry, numRows: number): Tensor {
  const [, numHeads, , headDim] = past.dims;
  if (typeof numHeads !== 'number' || typeof headDim !== 'number') {
    throw new OnnxPredictError('MODEL_INVALID', `The model's decoder does not say the shape of ${past.name}.`);
  }
  const dims = [numRows, numHeads, 0, headDim];
  if (past.type === 'float16') return { type: 'float16', data: new Uint16Array(0), dims };
  return { type: 'float32', data: new Float32Array(0), dims };
}

function toLogits(logits: Tensor, numRows: number): Logits {
  const vocabSize = logits.dims.at(-1) ?? 0;
  const data = logits.type === 'float16' ? fromFloat16(logits.data) : logits.data;
  if (!(data instanceof Float32Array) || vocabSize === 0 || data.length !== numRows * vocabSize) {
    const shape = logits.dims.join(', ');
    throw new OnnxPredictError('MODEL_INVALID', `The model's decoder gives logits of shape [${shape}] for ${numRows} tokens.`);
  }
  return { data, vocabSize }; // [numRows, vocabSize]
}
