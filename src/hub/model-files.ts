import type { LocalModel, RunnerTask } from '../protocol.ts';
import type { Dtype, ModelIdentity, Task } from '../schemas.ts';

/** Which files of a repository a task needs, in one dtype. */
export interface ModelFiles {
  /** The task's own files and the ONNX graphs, by the name under which a loaded model knows them. */
  readonly required: Readonly<Record<string, string>>;
  /** Used where a repository has them, and marked as absent where not. */
  readonly optional: Readonly<Record<string, string>>;
  /** The graphs among the required files: each may have weights in files beside it. */
  readonly graphs: readonly string[];
  /** What a loader needs, made of the paths of these files, by name. */
  readonly toLocalModel: (identity: ModelIdentity, paths: Readonly<Record<string, string>>) => LocalModel;
}

/** Suffix of the ONNX file per dtype, as the Hub's conversions (optimum, transformers.js) name them. */
const FILE_SUFFIX: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};

export const DTYPES = Object.keys(FILE_SUFFIX) as Dtype[];
export const TASKS: readonly Task[] = ['image-classification', 'summarization'];

const TOKENIZER_FILES = {
  tokenizerConfig: 'tokenizer_config.json',
  specialTokensMap: 'special_tokens_map.json',
} as const;

/** The sets of files with which a task can be done, best first; of any task if none is named. A model needs one of them. */
export function modelFiles(task: RunnerTask | undefined, dtype: Dtype): readonly [ModelFiles, ...ModelFiles[]] {
  switch (task) {
    case 'image-classification':
      return [imageClassifierFiles(dtype)];
    case 'summarization':
      return [summarizerFiles(dtype, true), summarizerFiles(dtype, false)];
    case 'tokenization':
      return [TOKENIZER];
    case undefined:
      return [imageClassifierFiles(dtype), summarizerFiles(dtype, true), summarizerFiles(dtype, false)];
  }
}

function imageClassifierFiles(dtype: Dtype): ModelFiles {
  const model = `onnx/model${FILE_SUFFIX[dtype]}.onnx`;
  return {
    required: { config: 'config.json', preprocessorConfig: 'preprocessor_config.json', model },
    optional: {},
    graphs: [model],
    toLocalModel: (identity, { config = '', preprocessorConfig = '', model = '' }) => {
      const files = { config, preprocessorConfig, model };
      return { task: 'image-classification', identity, files, prepared: null, quantize: false };
    },
  };
}

function summarizerFiles(dtype: Dtype, merged: boolean): ModelFiles {
  const graph = (name: string) => `onnx/${name}${FILE_SUFFIX[dtype]}.onnx`;
  const decoders: Record<string, string> = merged
    ? { decoder: graph('decoder_model_merged') }
    : { decoder: graph('decoder_model'), decoderWithPast: graph('decoder_with_past_model') };
  const encoder = graph('encoder_model');
  return {
    required: { config: 'config.json', tokenizer: 'tokenizer.json', encoder, ...decoders },
    optional: { generationConfig: 'generation_config.json', ...TOKENIZER_FILES },
    graphs: [encoder, ...Object.values(decoders)],
    toLocalModel: (identity, paths) => {
      const { config = '', encoder = '', decoder = '', decoderWithPast = null, generationConfig = null } = paths;
      const files = { ...tokenizerPaths(paths), config, generationConfig, encoder, decoder, decoderWithPast };
      return { task: 'summarization', identity, files, prepared: null, quantize: false };
    },
  };
}

const TOKENIZER: ModelFiles = {
  required: { tokenizer: 'tokenizer.json' },
  optional: TOKENIZER_FILES,
  graphs: [],
  toLocalModel: (identity, paths) => ({ task: 'tokenization', identity, files: tokenizerPaths(paths) }),
};

function tokenizerPaths(paths: Readonly<Record<string, string>>) {
  const { tokenizer = '', tokenizerConfig = null, specialTokensMap = null } = paths;
  return { tokenizer, tokenizerConfig, specialTokensMap };
}

/** The names of all of a set's files but its weights beside graphs. */
export function fileNames({ required, optional }: ModelFiles): string[] {
  return [...Object.values(required), ...Object.values(optional)];
}

/** Names of weights that ONNX keeps outside a graph's file, which 2 GB at most fit into: `model.onnx_data`, `model.onnx_data_1`. */
export function externalDataName(graph: string, part: number): string {
  return part === 0 ? `${graph}_data` : `${graph}_data_${part}`;
}

/** Whether `path` holds external weights of `graph`. */
export function isExternalData(graph: string, path: string): boolean {
  return path.startsWith(`${graph}_data`) && /^(?:_[1-9]\d{0,3})?$/.test(path.slice(graph.length + '_data'.length));
}
