import { DEFAULT_MAX_PIXELS } from './limits.ts';
import type { ClassificationAnswer, ClassificationRequest, ImageSource } from './protocol.ts';
import {
  type ClassificationResult,
  type ClassifyOptions,
  ClassifyOptionsSchema,
  DEFAULT_IMAGE_CLASSIFIER,
  DEFAULT_TOP_K,
  parseArgument,
} from './schemas.ts';

/** Options that are data: all but the signal and the callback. */
type ClassifyData = Omit<ClassifyOptions, 'signal' | 'onProgress'>;

/**
 * What `classify` was asked for: which model, and what goes to its runner with each picture.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the option
 */
export function toClassificationRequest(data: ClassifyData) {
  const options = parseArgument(ClassifyOptionsSchema, data);
  const { model = DEFAULT_IMAGE_CLASSIFIER, dtype = 'fp32', revision } = options;
  const request: Omit<ClassificationRequest, 'image'> = {
    task: 'image-classification',
    topK: options.topK ?? DEFAULT_TOP_K,
    activation: options.activation ?? 'softmax',
    minConfidence: options.minConfidence ?? null,
    maxPixels: options.maxPixels ?? DEFAULT_MAX_PIXELS,
    ignoreOrientation: options.ignoreOrientation ?? false,
  };
  return {
    wanted: { task: 'image-classification', name: model, dtype, revision } as const,
    toRequest: (image: ImageSource): ClassificationRequest => ({ ...request, image }),
  };
}

/** A runner's answer as a program gets it. */
export function toClassificationResult({
  answer: { classLabel, score, top, timings },
  model,
  loadMs,
  queueMs,
}: {
  readonly answer: ClassificationAnswer;
  readonly model: ClassificationResult['model'];
  readonly loadMs: number;
  readonly queueMs: number;
}): ClassificationResult {
  return { classLabel, score, top, model, timings: { loadMs, queueMs, ...timings } };
}
