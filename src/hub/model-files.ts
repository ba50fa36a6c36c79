import type { Dtype } from '../schemas.ts';

/** Which files of a repository a task needs, in one dtype. */
export interface ModelFiles {
  /** Of a task's own, and the ONNX graphs, by the name under which a loaded model knows them. */
  readonly required: Readonly<Record<string, string>>;
  /** Used where a repository has them, and marked as absent where not. */
  readonly optional: readonly string[];
  /** The graphs among the required files: each may have weights in files beside it. */
  readonly graphs: readonly string[];
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

/** The files of an image classifier. */
export function imageClassifierFiles(dtype: Dtype) {
  const model = `onnx/model${FILE_SUFFIX[dtype]}.onnx`;
  return {
    required: { config: 'config.json', preprocessorConfig: 'preprocessor_config.json', model },
    optional: [],
    graphs: [model],
  } as const satisfies ModelFiles;
}

/** Names of weights that ONNX keeps outside a graph's file, which 2 GB at most fit into: `model.onnx_data`, `model.onnx_data_1`. */
export function externalDataName(graph: string, part: number): string {
  return part === 0 ? `${graph}_data` : `${graph}_data_${part}`;
}

/** Whether `path` holds external weights of `graph`. */
export function isExternalData(graph: string, path: string): boolean {
  return path.startsWith(`${graph}_data`) && /^(?:_[1-9]\d{0,3})?$/.test(path.slice(graph.length + '_data'.length));
}
