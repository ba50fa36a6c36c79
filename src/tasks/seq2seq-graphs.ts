import { OnnxPredictError } from '../errors.ts';
import type { TensorDescription, TensorSession } from './tensor-session.ts';

/** The graphs of an encoder-decoder model, as Optimum exports them. */
export interface Seq2SeqSessions {
  readonly encoder: TensorSession;
  /** decoder_model_merged, or decoder_model. */
  readonly decoder: TensorSession;
  /** decoder_with_past_model; null if `decoder` is merged. */
  readonly decoderWithPast: TensorSession | null;
}

/** A part of the decoder's memory: what goes in as `past_key_values.*` comes out as `present.*`. */
export interface CacheEntry {
  readonly past: TensorDescription; // [numRows, numHeads, length, headDim]
  readonly present: string;
}

/** How the decoder's graphs are to be fed. */
export interface Seq2SeqInterface {
  /** Keys and values of the tokens so far: they grow at every step. */
  readonly selfAttention: readonly CacheEntry[];
  /** Keys and values of the encoder's text: computed at the first step, the same from then on. */
  readonly crossAttention: readonly CacheEntry[];
  readonly hiddenStates: string;
}

const PAST = 'past_key_values.';
const INPUTS = new Set(['input_ids', 'encoder_attention_mask', 'encoder_hidden_states', 'use_cache_branch']);

/**
 * Reads how the graphs fit together.
 * @throws OnnxPredictError MODEL_INVALID if they are no encoder and decoder with a key-value cache
 */
export function inspectSeq2Seq({ encoder, decoder, decoderWithPast }: Seq2SeqSessions): Seq2SeqInterface {
  if (decoderWithPast === null && !has(decoder, 'use_cache_branch')) {
    throw invalid('has no input use_cache_branch: it is no merged decoder, and there is no decoder_with_past_model beside it');
  }
  const next = decoderWithPast ?? decoder;
  const entries = next.inputs
    .filter(({ name }) => name.startsWith(PAST))
    .map((past): CacheEntry => ({ past, present: `present.${past.name.slice(PAST.length)}` }));
  const selfAttention = entries.filter(({ past }) => !past.name.includes('.encoder.'));
  const crossAttention = entries.filter(({ past }) => past.name.includes('.encoder.'));
  if (selfAttention.length === 0) throw invalid('takes no past_key_values: decoders without a key-value cache are not supported');
  for (const { name } of [...decoder.inputs, ...next.inputs]) {
    if (!INPUTS.has(name) && !name.startsWith(PAST)) throw invalid(`takes ${name}, which is not known here`);
  }
  for (const name of ['logits', ...entries.map(({ present }) => present)]) requireOutput(decoder, name);
  for (const name of ['logits', ...selfAttention.map(({ present }) => present)]) requireOutput(next, name);
  const hiddenStates = encoder.outputs.find(({ name }) => name === 'last_hidden_state') ?? encoder.outputs[0];
  if (hiddenStates === undefined) throw invalid('has no encoder output');
  return { selfAttention, crossAttention, hiddenStates: hiddenStates.name };
}

/** Whether the graph takes an input of this name. */
export function has(session: TensorSession, input: string): boolean {
  return session.inputs.some(({ name }) => name === input);
}

function requireOutput(session: TensorSession, output: string): void {
  if (!session.outputs.some(({ name }) => name === output)) throw invalid(`gives no ${output}`);
}

function invalid(problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The model's decoder ${problem}.`);
}
