import { OnnxPredictError } from '../errors.ts';
import type { Decoder, DecoderBatch, Logits } from '../generation/decoder.ts';
import { fromFloat16 } from './float16.ts';
import { gatherRows, isIdentity } from './gather-rows.ts';
import { padTexts } from './pad-texts.ts';
import { type CacheEntry, has, inspectSeq2Seq, type Seq2SeqInterface, type Seq2SeqSessions } from './seq2seq-graphs.ts';
import type { Tensor, TensorSession } from './tensor-session.ts';

/**
 * A decoder over the stock ONNX graphs of the T5 and BART families, merged or split, of any age and precision.
 * @throws OnnxPredictError MODEL_INVALID if the graphs do not fit together
 */
export function createSeq2SeqDecoder(sessions: Seq2SeqSessions): Decoder {
  const parts: DecoderParts = { sessions, graphs: inspectSeq2Seq(sessions), sharing: { works: true } };
  const { graphs } = parts;
  return {
    async start(texts, padTokenId) {
      const { inputIds, attentionMask } = padTexts(texts, padTokenId);
      const feeds = new Map([['input_ids', inputIds]]);
      if (has(sessions.encoder, 'attention_mask')) feeds.set('attention_mask', attentionMask);
      const outputs = await sessions.encoder.runTensors(feeds, [graphs.hiddenStates]);
      return createBatch(parts, {
        attentionMask,
        hiddenStates: outputs.get(graphs.hiddenStates)!,
        numTexts: texts.length,
      });
    },
  };
}

interface DecoderParts {
  readonly sessions: Seq2SeqSessions;
  readonly graphs: Seq2SeqInterface;
  /** Whether the rows of one text may share one copy of what is known of it; known to fail only once it did. */
  readonly sharing: { works: boolean };
}

interface EncodedTexts {
  readonly attentionMask: Tensor; // [numTexts, length]
  readonly hiddenStates: Tensor; // [numTexts, length, hiddenSize]
  readonly numTexts: number;
}

/** Texts that are being decoded together, and the decoder's memory of them. */
function createBatch({ sessions, graphs, sharing }: DecoderParts, encoded: EncodedTexts): DecoderBatch {
  const { decoder, decoderWithPast } = sessions;
  const { selfAttention, crossAttention } = graphs;
  let { numTexts } = encoded;
  /** Which text each row of the step before belongs to. */
  let textOfRow = Int32Array.from({ length: numTexts }, (_, text) => text); // [numRows]
  /** What is known of each text: the encoder's mask and hidden states, the cross-attention's keys and values. */
  const ofTexts = new Map([
    ['encoder_attention_mask', encoded.attentionMask],
    ['encoder_hidden_states', encoded.hiddenStates],
  ]); // each [numTexts, ...]
  /** The same for each row, as long as the rows belong to these texts. */
  let ofRows: { readonly textOfRow: Int32Array; readonly tensors: ReadonlyMap<string, Tensor> } | undefined; // each [numRows, ...]
  /** Keys and values of the tokens so far; undefined before the first step. */
  let ofTokens: Map<string, Tensor> | undefined; // each [numRows, numHeads, length, headDim]

  function reorder(parents: Int32Array): void {
    const before = textOfRow;
    if (isIdentity(parents, before.length)) return;
    if (ofTokens !== undefined) ofTokens = gatherAll(ofTokens, parents);
    textOfRow = parents.map((parent) => before[parent]!);
  }

  function rowsOfTexts(): ReadonlyMap<string, Tensor> {
    if (isIdentity(textOfRow, numTexts)) return ofTexts;
    // Beams of one text share what they know of it: most orders of beams change nothing here.
    if (ofRows === undefined || !sameRows(ofRows.textOfRow, textOfRow)) {
      ofRows = { textOfRow, tensors: gatherAll(ofTexts, textOfRow) };
    }
    return ofRows.tensors;
  }

  /** The inputs that every step has, as far as the graph takes them. */
  function commonFeeds(session: TensorSession, inputIds: Tensor, texts: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
    const known = [...texts].filter(([name]) => has(session, name));
    return new Map([['input_ids', inputIds], ...known]);
  }

  async function firstStep(inputIds: Tensor): Promise<ReadonlyMap<string, Tensor>> {
    const texts = rowsOfTexts();
    const feeds = commonFeeds(decoder, inputIds, texts);
    if (decoderWithPast === null) {
      feeds.set('use_cache_branch', flag(false));
      for (const entry of [...selfAttention, ...crossAttention]) feeds.set(entry.past.name, emptyPast(entry, textOfRow.length));
    }
    const outputs = await decoder.runTensors(feeds, ['logits', ...presents(selfAttention), ...presents(crossAttention)]);
    // From now on its rows are the texts: some may have been given up before they began.
    numTexts = textOfRow.length;
    textOfRow = textOfRow.map((_, row) => row);
    for (const [name, tensor] of [...texts, ...take(outputs, crossAttention)]) ofTexts.set(name, tensor);
    return outputs;
  }

  async function nextStep(inputIds: Tensor, past: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
    const session = decoderWithPast ?? decoder;
    // The keys and values of the encoder's text would come back empty, or not at all.
    const fetches = ['logits', ...presents(selfAttention)];
    const feedsOf = (texts: ReadonlyMap<string, Tensor>) => {
      const feeds = commonFeeds(session, inputIds, texts);
      for (const [name, tensor] of past) feeds.set(name, tensor);
      if (decoderWithPast === null) feeds.set('use_cache_branch', flag(true));
      return feeds;
    };
    if (numTexts === 1 && textOfRow.length > 1 && sharing.works) {
      try {
        return await session.runTensors(feedsOf(ofTexts), fetches);
      } catch {
        // Exports of 2023 multiply in three dimensions: each row needs its own copy.
        sharing.works = false;
      }
    }
    return session.runTensors(feedsOf(rowsOfTexts()), fetches);
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

function sameRows(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((row, place) => row === b[place]);
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
  return { data, vocabSize, normalized: false }; // [numRows, vocabSize]
}
