export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { type ErrorCode, OnnxPredictError } from './errors.ts';
export type { Logger } from './logger.ts';
export type { Activation, Candidate, ClassificationResult, ClassifyOptions, Dtype, ModelIdentity } from './schemas.ts';
