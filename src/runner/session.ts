/** The one file that imports onnxruntime-node. */
import type * as Ort from 'onnxruntime-node';
import { disableTelemetry } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import type { FloatTensor, TensorDescription, TensorSession } from '../tasks/tensor-session.ts';
import { fromFloat16, toFloat16 } from './float16.ts';

/**
 * Loads an ONNX file.
 * @throws OnnxPredictError MODEL_INVALID
 */
export async function openSession(path: string, options: { readonly numThreads: number }): Promise<TensorSession> {
  const ort = await importOnnxRuntime();
  let session: Ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      intraOpNumThreads: options.numThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // What goes wrong is thrown; its log would bring names from the model's file to the terminal as they are.
      logSeverityLevel: 4,
      // A pattern spares allocations from the third run on, and costs a second copy of all activations.
      enableMemPattern: false,
      // Spinning threads burn the core that the decoder, or another runner, wants: up to 5x slower under contention.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
  } catch (error) {
    throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be loaded as an ONNX model: ${firstLine(error)}`, {
      cause: error,
    });
  }
  const inputs = session.inputMetadata.map(describe);
  const outputs = session.outputMetadata.map(describe);

  async function run(feeds: Readonly<Record<string, FloatTensor>>, output: string): Promise<FloatTensor> {
    const tensors: Record<string, Ort.Tensor> = {};
    for (const [name, tensor] of Object.entries(feeds)) {
      tensors[name] =
        inputs.find((input) => input.name === name)?.type === 'float16' ? halfTensor(ort, tensor) : floatTensor(ort, tensor);
    }
    let results: Ort.InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(tensors, [output]);
    } catch (error) {
      throw new OnnxPredictError('MODEL_INVALID', `The model failed while it ran: ${firstLine(error)}`, { cause: error });
    }
    return fromOrt(results[output], output);
  }

  return { inputs, outputs, run, release: () => session.release() };
}

async function importOnnxRuntime(): Promise<typeof Ort> {
  // From 1.29 on the library reports usage to its maker unless this is said before it is loaded.
  disableTelemetry();
  const ort = await import('onnxruntime-node');
  ort.env.logLevel = 'fatal';
  return ort;
}

function floatTensor(ort: typeof Ort, { data, dims }: FloatTensor): Ort.Tensor {
  return new ort.Tensor('float32', data, dims);
}

function halfTensor(ort: typeof Ort, { data, dims }: FloatTensor): Ort.Tensor {
  return new ort.Tensor('float16', toFloat16(data), dims);
}

function fromOrt(value: Ort.OnnxValue | undefined, name: string): FloatTensor {
  if (value !== undefined && 'dims' in value) {
    if (value.data instanceof Float32Array) return { data: value.data, dims: value.dims };
    // float16 arrives as Float16Array where the engine has one (Node 24), as its bits in a Uint16Array elsewhere.
    if (value.data instanceof Uint16Array) return { data: fromFloat16(value.data), dims: value.dims };
    if (value.type === 'float16') return { data: Float32Array.from(value.data as ArrayLike<number>), dims: value.dims };
  }
  throw new OnnxPredictError('MODEL_INVALID', `The model's output ${name} is not a tensor of floating-point numbers.`);
}

function describe(value: Ort.InferenceSession.ValueMetadata): TensorDescription {
  if (!value.isTensor) return { name: value.name, type: 'not a tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape.map((dim) => (typeof dim === 'number' ? dim : null)) };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
