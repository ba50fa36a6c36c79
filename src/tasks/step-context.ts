import type { GenerationProgress } from '../protocol.ts';

/** A request's way to be stopped and to show that it lives. */
export interface StepContext {
  readonly signal: AbortSignal;
  /** Called after each step: the bytes are read, decoded, preprocessed; a token is generated. */
  readonly onStep: (progress?: GenerationProgress) => void;
}
