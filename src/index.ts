export { createEngine, type Engine, type EngineLimits, type EngineOptions, type ModelManager } from './engine.ts';
export { type ErrorCode, OnnxPredictError } from './errors.ts';
export { findUnsupported } from './faithfulness/find-unsupported.ts';
export type { ListeningAddress } from './http/http-listener.ts';
export type { RequestRecord } from './http/observation/request-record.ts';
export type { Readiness } from './http/readiness.ts';
export { createServer, type Server } from './http/server.ts';
export type { ServerOptions } from './http/server-options.ts';
export type { ServerSettings } from './http/server-settings.ts';
export type { LockedModel } from './locked-model.ts';
export type { Logger } from './logger.ts';
export type { Outcome } from './outcomes.ts';
export type {
  Activation,
  Candidate,
  ClassificationResult,
  ClassifyOptions,
  DescribedModel,
  DownloadEvent,
  Dtype,
  EarlyStopping,
  EngineEvent,
  GeneratedSummary,
  GenerationOptions,
  ListedModel,
  LoadEvent,
  LoadOptions,
  ModelFile,
  ModelIdentity,
  ModelOwnership,
  ModelStatus,
  ModelVariant,
  PreparationEvent,
  PreparationResult,
  PreparedModel,
  PrepareOptions,
  PrunedFiles,
  PullOptions,
  PullResult,
  RemovedModel,
  ShownModel,
  SummarizeEvent,
  SummarizeOptions,
  SummaryPart,
  SummaryResult,
  Task,
  TokenizationResult,
  TokenizeOptions,
  Truncate,
  Unsupported,
  UnsupportedText,
  VerifiedModel,
} from './schemas.ts';
