import type { LocalSummarizer } from '../../protocol.ts';
import { readDecoder } from './decoder-graphs.ts';
import { rewriteEncoder } from './encoder-graph.ts';
import { useBlockQuantization, useConvolutions, useDynamicQuantization } from './linear-layers.ts';
import type { OnnxModel } from './onnx-model.ts';
import { readOnnx } from './read-onnx.ts';
import { attentionShape, rewriteStep } from './step-graph.ts';
import { toModel, writeGraphs } from './write-graphs.ts';

export type SummarizerSources = Pick<LocalSummarizer['files'], 'encoder' | 'decoder' | 'decoderWithPast'>;

export interface RewriteOptions {
  /** Whether matrices are rounded to 8 bits. */
  readonly quantize: boolean;
  /** The model's config.json. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A summarizer's graphs as they are run when prepared. */
interface SummarizerGraphs {
  readonly encoder: OnnxModel;
  readonly decoder: OnnxModel;
}

/**
 * Rewrites an encoder-decoder model of the T5 or BART family.
 * @throws OnnxPredictError MODEL_INVALID if it is not of a kind that is known here
 */
function rewriteSummarizer(
  { encoder, decoder, decoderWithPast }: SummarizerSources,
  { quantize, config }: RewriteOptions,
): SummarizerGraphs {
  const { first, next } = readDecoder(decoder, decoderWithPast);
  const shape = attentionShape(next);
  const encoderModel = readOnnx(encoder);
  const encoding = rewriteEncoder(encoderModel, first, { shape, config });
  const step = rewriteStep(next, shape, config);
  if (quantize) {
    useDynamicQuantization(encoding);
    useBlockQuantization(step);
  } else {
    useConvolutions(step);
  }
  return { encoder: toModel(encoderModel, encoding), decoder: toModel(next, step) };
}

/**
 * Writes a rewritten model into `folder`, which keeps all that it needs.
 * @returns the graphs' names there
 */
export function writeSummarizer(
  files: SummarizerSources,
  { folder, ...options }: RewriteOptions & { readonly folder: string },
): { readonly encoder: string; readonly decoder: string } {
  const { encoder, decoder } = rewriteSummarizer(files, options);
  const names = { encoder: 'encoder.onnx', decoder: 'decoder.onnx' };
  writeGraphs(folder, { [names.encoder]: encoder, [names.decoder]: decoder });
  return names;
}
