/** Messages between the engine's process and a runner, which holds one loaded model. Types only: both sides import this file. */
import type { ErrorReport } from './errors.ts';
import type {
  Activation,
  Candidate,
  Device,
  GeneratedSummary,
  GenerationOptions,
  ModelIdentity,
  RunnerTask,
  Truncate,
} from './schemas.ts';

export type { RunnerTask };

interface LocalFiles<Task extends RunnerTask, Files> {
  readonly task: Task;
  readonly identity: ModelIdentity;
  /** Absolute paths; null for what the model does not have. */
  readonly files: Files;
}

/** The files that make texts of ids and ids of texts. */
interface TokenizerFiles {
  readonly tokenizer: string;
  readonly tokenizerConfig: string | null;
  readonly specialTokensMap: string | null;
}

/** How the graphs of a model are to be run. */
interface GraphUse<Prepared> {
  /**
   * What was prepared of the graphs, by absolute paths, to be loaded instead of them; null: nothing. `optimized`: saved by ONNX Runtime
   * after its own optimisation, for this machine.
   */
  readonly prepared: (Prepared & { readonly optimized: boolean }) | null;
  /** The dtype is q8 and is to be made of fp32: `files` names the fp32 graphs. */
  readonly quantize: boolean;
}

export type LocalClassifier = LocalFiles<
  'image-classification',
  { readonly config: string; readonly preprocessorConfig: string; readonly model: string }
> &
  GraphUse<{ readonly model: string }>;

export type LocalSummarizer = LocalFiles<
  'summarization',
  TokenizerFiles & {
    readonly config: string;
    readonly generationConfig: string | null;
    readonly encoder: string;
    /** decoder_model_merged, or decoder_model. */
    readonly decoder: string;
    /** decoder_with_past_model; null beside a merged decoder. */
    readonly decoderWithPast: string | null;
  }
> &
  GraphUse<{ readonly encoder: string; readonly decoder: string }>;

type LocalTokenizer = LocalFiles<'tokenization', TokenizerFiles>;

/** A model whose files are on this disk: what a runner needs to load it. */
export type LocalModel = LocalClassifier | LocalSummarizer | LocalTokenizer;

/** A model that has graphs. */
export type PreparableModel = LocalClassifier | LocalSummarizer;

/** A picture as it crosses to the runner, which opens paths itself. */
export type ImageSource = { readonly path: string } | { readonly bytes: Uint8Array };

export interface ClassificationRequest {
  readonly task: 'image-classification';
  readonly image: ImageSource;
  readonly topK: number;
  readonly activation: Activation;
  readonly minConfidence: number | null;
  readonly maxPixels: number;
  /** The pixels are taken as they are stored, whatever their EXIF orientation says. */
  readonly ignoreOrientation: boolean;
}

export interface ClassificationAnswer {
  readonly task: 'image-classification';
  readonly classLabel: string | null;
  readonly score: number;
  readonly top: readonly Candidate[];
  readonly timings: { readonly preprocessMs: number; readonly inferenceMs: number };
}

export interface SummarizationRequest {
  readonly task: 'summarization';
  readonly text: string;
  /** What is put in front of the text; undefined: what the model's configuration says. */
  readonly prefix: string | undefined;
  readonly truncate: Exclude<Truncate, 'chunk'>;
  readonly generation: GenerationOptions;
  /** Over the model's configuration, and clamped as that is. */
  readonly defaults: GenerationOptions;
  /** Whether the progress is to carry text. */
  readonly withText: boolean;
}

export interface SummarizationAnswer {
  readonly task: 'summarization';
  readonly inputTokens: number;
  readonly droppedTokens: number;
  /** Best first; not empty. */
  readonly sequences: readonly GeneratedSummary[];
  readonly timings: {
    readonly tokenizeMs: number;
    readonly encodeMs: number;
    readonly decodeMs: number;
    readonly steps: number;
  };
}

/** Asks a summarizer for the parts of a text that it can read one by one. */
export interface TextDivisionRequest extends Pick<SummarizationRequest, 'text' | 'prefix' | 'generation' | 'defaults'> {
  readonly task: 'text-division';
}

export interface TextDivisionAnswer {
  readonly task: 'text-division';
  /** In order; not empty. What lies between them is white space. */
  readonly parts: readonly {
    /** In UTF-16 code units. */
    readonly start: number;
    readonly end: number;
    /** As the model reads it: prefix and special tokens included. */
    readonly inputTokens: number;
  }[];
  /** What the rules come to, all sources considered. */
  readonly lengths: { readonly minLength: number; readonly maxLength: number; readonly maxInputTokens: number };
  readonly timings: { readonly tokenizeMs: number };
}

export interface TokenizationRequest {
  readonly task: 'tokenization';
  readonly text: string;
}

export interface TokenizationAnswer {
  readonly task: 'tokenization';
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

export type RunnerRequest = ClassificationRequest | SummarizationRequest | TextDivisionRequest | TokenizationRequest;
export type RunnerAnswer = ClassificationAnswer | SummarizationAnswer | TextDivisionAnswer | TokenizationAnswer;
/** What answers a request of this kind. */
export type AnswerTo<Request extends RunnerRequest> = Extract<RunnerAnswer, { task: Request['task'] }>;

/** How far a summary is. */
export interface GenerationProgress {
  /** The start token included. */
  readonly outputTokens: number;
  readonly maxLength: number;
  /** What was added to the text that will not change any more; empty unless it was asked for. */
  readonly text: string;
}

export interface QueuedRequest {
  readonly id: number;
  readonly request: RunnerRequest;
}

export type ToRunner =
  /** `first` is the request that will be run first, so that its picture can be prepared while the model loads. */
  | {
      readonly type: 'load';
      readonly model: LocalModel;
      readonly numThreads: number;
      readonly device: Device;
      readonly first: QueuedRequest | null;
    }
  /** Summaries that come together are made together; every request is answered for itself. */
  | { readonly type: 'run'; readonly requests: readonly QueuedRequest[] }
  | { readonly type: 'cancel'; readonly id: number };

export type FromRunner =
  /**
   * `warnings`: what an operator should know of the model; `numBeams`: what a text takes that does not say; `memoryBytes`: what is
   * resident of the runner.
   */
  | { readonly type: 'loaded'; readonly warnings: readonly string[]; readonly numBeams: number; readonly memoryBytes: number }
  | { readonly type: 'load-failed'; readonly error: ErrorReport }
  /** The request was begun, or a step of it ended: the sign of life that the watchdog waits for. */
  | { readonly type: 'step'; readonly id: number; readonly progress?: GenerationProgress }
  | { readonly type: 'result'; readonly id: number; readonly answer: RunnerAnswer; readonly memoryBytes: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorReport }
  | { readonly type: 'cancelled'; readonly id: number };

/** What a preparer made, by roles: `model`, or `encoder` and `decoder`. Names are relative to the folder that it was given. */
export interface PreparedFiles {
  /** The rewritten graphs, which any machine can load. */
  readonly graph: Readonly<Record<string, string>>;
  /** ONNX Runtime's own save of them; null if that failed or was refused. */
  readonly optimized: Readonly<Record<string, string>> | null;
}

/** To a preparer, which makes faster graphs of a model's in a process of its own. It is asked once. */
export interface ToPreparer {
  readonly type: 'prepare';
  readonly model: PreparableModel;
  /** Absolute; there, empty and private. All that the prepared graphs need must be in it in the end: weights too, as links or copies. */
  readonly folder: string;
}

export type FromPreparer =
  /** What it does now, in a few words: the sign of life. */
  | { readonly type: 'stage'; readonly stage: string }
  | { readonly type: 'prepared'; readonly files: PreparedFiles }
  | { readonly type: 'failed'; readonly error: ErrorReport };
