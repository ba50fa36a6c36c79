import { Worker } from 'node:worker_threads';
import { type ErrorReport, OnnxPredictError } from '../errors.ts';
import type { ImagePreparation, PreparedImage, PrepareImage } from '../tasks/prepare-image.ts';
import type { StepContext } from '../tasks/step-context.ts';

/** Messages to the thread, and from it. */
export type ToPreprocessing =
  | { readonly type: 'prepare'; readonly id: number; readonly preparation: ImagePreparation }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' };

export type FromPreprocessing =
  | { readonly type: 'step'; readonly id: number }
  | { readonly type: 'prepared'; readonly id: number; readonly image: PreparedImage }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorReport };

/** The thread's end of its life is the runner's: it never keeps the process alive by itself. */
export interface PreprocessingThread {
  readonly prepareImage: PrepareImage;
  /** Lets what it does end, and resolves when it is gone. */
  close(): Promise<void>;
}

interface Pending {
  readonly context: StepContext;
  readonly resolve: (image: PreparedImage) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Pictures are prepared in a thread of the runner's process: loading libvips, decoding and resizing go on while ONNX Runtime, which
 * computes synchronously, loads the model or runs it.
 */
export function startPreprocessingThread(): PreprocessingThread {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let thread: Worker | undefined;

  function start(): Worker {
    const worker = new Worker(new URL('./preprocessing-main.js', import.meta.url), { name: 'preprocessing' });
    worker.on('message', onMessage);
    // What ends a thread by surprise, an exhausted heap say, ends what it was doing; the next picture starts another.
    worker.on('error', (error) => failAll(error));
    worker.once('exit', () => {
      if (thread === worker) thread = undefined;
      failAll(new Error('the thread ended'));
    });
    worker.unref();
    return worker;
  }

  function onMessage(message: FromPreprocessing): void {
    const request = pending.get(message.id);
    if (request === undefined) return;
    if (message.type === 'step') {
      request.context.onStep();
      return;
    }
    settle(message.id);
    if (message.type === 'prepared') request.resolve(message.image);
    else request.reject(new OnnxPredictError(message.error.code, message.error.message));
  }

  function settle(id: number): void {
    pending.delete(id);
    if (pending.size === 0) thread?.unref();
  }

  function failAll(cause: Error): void {
    for (const [id, { reject }] of pending) {
      settle(id);
      reject(new OnnxPredictError('INTERNAL', `The picture could not be prepared: ${cause.message}.`, { cause }));
    }
  }

  function send(message: ToPreprocessing): void {
    thread?.postMessage(message);
  }

  thread = start();

  return {
    prepareImage(preparation, context) {
      const { signal } = context;
      if (signal.aborted) return Promise.reject(signal.reason);
      const id = nextId++;
      thread ??= start();
      thread.ref();
      return new Promise((resolve, reject) => {
        const onAbort = () => send({ type: 'cancel', id });
        signal.addEventListener('abort', onAbort, { once: true });
        const end = <T>(report: (value: T) => void) => {
          return (value: T) => {
            signal.removeEventListener('abort', onAbort);
            report(value);
          };
        };
        pending.set(id, {
          context,
          resolve: end(resolve),
          reject: end((reason) => reject(signal.aborted ? signal.reason : reason)),
        });
        send({ type: 'prepare', id, preparation });
      });
    },
    async close() {
      const ending = thread;
      if (ending === undefined) return;
      ending.ref();
      const gone = new Promise((resolve) => ending.once('exit', resolve));
      send({ type: 'close' });
      await gone;
    },
  };
}
