/** The one file that imports onnxruntime-node. */
import { basename } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { disableTelemetry } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import { fromFloat16, toFloat16 } from '../tasks/float16.ts';
import type { FloatTensor, Tensor, TensorDescription, TensorSession } from '../tasks/tensor-session.ts';

export interface SessionOptions {
  readonly numThreads: number;
  /** ONNX Runtime's name for what computes, before the processor; without it, the processor alone does. */
  readonly provider?: string;
  /** The graph was saved by this version of ONNX Runtime, on this machine, as it wants to run it. */
  readonly optimized?: boolean;
  /** Where the graph is to be saved as ONNX Runtime runs it; its weights get the same name with `.data`. */
  readonly saveTo?: string;
}

/**
 * Loads an ONNX file.
 * @throws OnnxPredictError MODEL_INVALID
 */
export async function openSession(path: string, options: SessionOptions): Promise<TensorSession> {
  const ort = await importOnnxRuntime();
  let session: Ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      ...(options.provider === undefined ? {} : { executionProviders: [options.provider, 'cpu'] }),
      intraOpNumThreads: options.numThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // What goes wrong is thrown; its log would bring names from the model's file to the terminal as they are.
      logSeverityLevel: 4,
      // A pattern spares allocations from the third run on, and costs a second copy of all activations.
      enableMemPattern: false,
      // Spinning threads burn the core that the decoder, or another runner, wants: up to 5x slower under contention.
      extra: {
        session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' }, ...saveOptions(options.saveTo) },
      },
      ...(options.saveTo === undefined ? {} : { optimizedModelFilePath: options.saveTo }),
      ...(options.optimized === true ? { graphOptimizationLevel: 'disabled' } : {}),
    });
  } catch (error) {
    throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be loaded as an ONNX model: ${firstLine(error)}`, {
      cause: error,
    });
  }
  const inputs = session.inputMetadata.map(describe);
  const outputs = session.outputMetadata.map(describe);

  const inputTypes = new Map(inputs.map(({ name, type }) => [name, type]));

  async function runOrt(
    feeds: Readonly<Record<string, Ort.Tensor>>,
    fetches: readonly string[],
  ): Promise<Ort.InferenceSession.OnnxValueMapType> {
    try {
      return await session.run(feeds, fetches);
    } catch (error) {
      throw new OnnxPredictError('MODEL_INVALID', `The model failed while it ran: ${firstLine(error)}`, { cause: error });
    }
  }

  async function run(feeds: Readonly<Record<string, FloatTensor>>, output: string): Promise<FloatTensor> {
    const tensors = Object.entries(feeds).map(([name, tensor]) => [name, { type: 'float32', ...tensor }] as const);
    const value = (await runTensors(new Map(tensors), [output])).get(output);
    if (value?.type === 'float32') return value;
    if (value?.type === 'float16') return { data: fromFloat16(value.data), dims: value.dims };
    throw new OnnxPredictError('MODEL_INVALID', `The model's output ${output} is not a tensor of floating-point numbers.`);
  }

  async function runTensors(
    feeds: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
  ): Promise<ReadonlyMap<string, Tensor>> {
    const tensors: Record<string, Ort.Tensor> = {};
    for (const [name, tensor] of feeds) tensors[name] = toOrt(ort, tensor, inputTypes.get(name));
    const results = await runOrt(tensors, fetches);
    return new Map(fetches.map((name) => [name, fromOrt(results[name], name)]));
  }

  return { inputs, outputs, run, runTensors, release: () => session.release() };
}

/** The execution providers that this build of ONNX Runtime has; whether they work here is another matter. */
export async function providers(): Promise<string[]> {
  const ort = await importOnnxRuntime();
  return ort.listSupportedBackends().map(({ name }) => name);
}

/** Weights go into a file beside the graph, from which they are mapped into memory, and not copied, when it is loaded. */
function saveOptions(saveTo: string | undefined): Readonly<Record<string, string>> {
  if (saveTo === undefined) return {};
  return {
    optimized_model_external_initializers_file_name: `${basename(saveTo)}.data`,
    optimized_model_external_initializers_min_size_in_bytes: '1024',
  };
}

async function importOnnxRuntime(): Promise<typeof Ort> {
  // From 1.29 on the library reports usage to its maker unless this is said before it is loaded.
  disableTelemetry();
  const ort = await import('onnxruntime-node');
  ort.env.logLevel = 'fatal';
  return ort;
}

function toOrt(ort: typeof Ort, tensor: Tensor, wanted: string | undefined): Ort.Tensor {
  if (tensor.type === 'float32' && wanted === 'float16') return new ort.Tensor('float16', toFloat16(tensor.data), tensor.dims);
  if (tensor.type === 'float16' && wanted === 'float32') return new ort.Tensor('float32', fromFloat16(tensor.data), tensor.dims);
  return new ort.Tensor(tensor.type, tensor.data as Ort.Tensor.DataType, tensor.dims) as Ort.Tensor;
}

function fromOrt(value: Ort.OnnxValue | undefined, name: string): Tensor {
  if (value !== undefined && 'dims' in value) {
    const { data, dims } = value;
    if (data instanceof Float32Array) return { type: 'float32', data, dims };
    if (data instanceof BigInt64Array) return { type: 'int64', data, dims };
    // float16 arrives as Float16Array where the engine has one (Node 24), as its bits in a Uint16Array elsewhere.
    if (value.type === 'float16' && ArrayBuffer.isView(data)) {
      return { type: 'float16', data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), dims };
    }
  }
  throw new OnnxPredictError('MODEL_INVALID', `The model's output ${name} is of a kind that no task here reads.`);
}

function describe(value: Ort.InferenceSession.ValueMetadata): TensorDescription {
  if (!value.isTensor) return { name: value.name, type: 'not a tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape.map((dim) => (typeof dim === 'number' ? dim : null)) };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
