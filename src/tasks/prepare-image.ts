import type { PixelValues } from '../preprocessing/image-processor.ts';
import type { ImageProcessorConfig } from '../preprocessing/preprocessor-config.ts';
import type { ImageSource } from '../protocol.ts';
import type { StepContext } from './step-context.ts';

/** A picture, and what a model wants made of it. */
export interface ImagePreparation {
  readonly image: ImageSource;
  /** Larger pictures are refused before decoding. */
  readonly maxPixels: number;
  readonly ignoreOrientation: boolean;
  readonly processor: ImageProcessorConfig;
}

/** A picture as a model takes it, and the milliseconds that it took to make. */
export interface PreparedImage {
  readonly pixelValues: PixelValues;
  readonly preprocessMs: number;
}

/**
 * Reads, decodes, resizes and normalises a picture, wherever that is done, so that tasks do not know threads.
 * @throws OnnxPredictError for a bad picture; the signal's reason once it is aborted
 */
export type PrepareImage = (preparation: ImagePreparation, context: StepContext) => Promise<PreparedImage>;
