export { createEngine, type Engine, type EngineOptions, type ModelManager } from './engine.ts';
export { type ErrorCode, OnnxPredictError } from './errors.ts';
export type { Logger } from './logger.ts';
export type {
  Activation,
  Candidate,
  ClassificationResult,
  ClassifyOptions,
  DownloadEvent,
  Dtype,
  ListedModel,
  ModelFile,
  ModelIdentity,
  ModelOwnership,
  ModelVariant,
  PrunedFiles,
  PullOptions,
  PullResult,
  RemovedModel,
  ShownModel,
  VerifiedModel,
} from './schemas.ts';
