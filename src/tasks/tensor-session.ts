/** A dense float32 tensor. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface TypedTensor<Type extends string, Data> {
  readonly type: Type;
  readonly data: Data;
  readonly dims: readonly number[];
}

/** A dense tensor of any type that the models of this package take or give; float16 as its bits, bool as 0 and 1. */
export type Tensor =
  | TypedTensor<'float32', Float32Array>
  | TypedTensor<'float16', Uint16Array>
  | TypedTensor<'int64', BigInt64Array>
  | TypedTensor<'bool', Uint8Array>;

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
  /**
   * Runs the model for several outputs, which belong to the caller. Nothing is copied or converted, but for a floating-point
   * input of another precision than the model's.
   */
  runTensors(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<ReadonlyMap<string, Tensor>>;
  /** Gives the weights back. */
  release(): Promise<void>;
}

/** @throws OnnxPredictError MODEL_INVALID if the file is no model that ONNX Runtime can load */
export type OpenSession = (
  path: string,
  options: {
    readonly numThreads: number;
    /** The graph was saved by this version of ONNX Runtime, on this machine, as it wants to run it. */
    readonly optimized?: boolean;
  },
) => Promise<TensorSession>;
