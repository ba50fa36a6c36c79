/** A dense float32 tensor. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** What is known of a model's input before it runs; an unknown dimension is null. */
export interface TensorDescription {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly (number | null)[];
}

/** The part of an inference session that a task uses, so that tasks do not know ONNX Runtime. */
export interface TensorSession {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** Runs the model; float16 inputs and outputs are converted from and to float32. */
  run(feeds: Readonly<Record<string, FloatTensor>>, output: string): Promise<FloatTensor>;
  /** Gives the weights back. */
  release(): Promise<void>;
}

/** @throws OnnxPredictError MODEL_INVALID if the file is no model that ONNX Runtime can load */
export type OpenSession = (path: string, options: { readonly numThreads: number }) => Promise<TensorSession>;
