/** Messages between the engine's process and a runner, which holds one loaded model. Types only: both sides import this file. */
import type { ErrorReport } from './errors.ts';
import type { Activation, Candidate, ModelIdentity } from './schemas.ts';

/** A model whose files are on this disk: what a runner needs to load it. Paths are absolute. */
export interface LocalModel {
  readonly identity: ModelIdentity;
  readonly task: 'image-classification';
  readonly files: { readonly config: string; readonly preprocessorConfig: string; readonly model: string };
}

/** A picture as it crosses to the runner, which opens paths itself. */
export type ImageSource = { readonly path: string } | { readonly bytes: Uint8Array };

export interface ClassificationRequest {
  readonly image: ImageSource;
  readonly topK: number;
  readonly activation: Activation;
  readonly minConfidence: number | null;
  readonly maxPixels: number;
}

export interface ClassificationAnswer {
  readonly classLabel: string | null;
  readonly score: number;
  readonly top: readonly Candidate[];
  readonly timings: { readonly preprocessMs: number; readonly inferenceMs: number };
}

export interface QueuedRequest {
  readonly id: number;
  readonly request: ClassificationRequest;
}

export type ToRunner =
  /** `first` is the request that will be run first, so that its picture can be prepared while the model loads. */
  | { readonly type: 'load'; readonly model: LocalModel; readonly numThreads: number; readonly first: QueuedRequest | null }
  | { readonly type: 'run'; readonly id: number; readonly request: ClassificationRequest }
  | { readonly type: 'cancel'; readonly id: number };

export type FromRunner =
  | { readonly type: 'loaded' }
  | { readonly type: 'load-failed'; readonly error: ErrorReport }
  /** The request was begun, or a step of it ended: the sign of life that the watchdog waits for. */
  | { readonly type: 'step'; readonly id: number }
  | { readonly type: 'result'; readonly id: number; readonly answer: ClassificationAnswer }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorReport }
  | { readonly type: 'cancelled'; readonly id: number };
