/** The thread that prepares pictures: it imports sharp, so that nothing else in the runner does. */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { reportError } from '../errors.ts';
import { decodeImage } from '../preprocessing/decode-image.ts';
import { preprocessImage } from '../preprocessing/image-processor.ts';
import { readImage } from '../preprocessing/read-image.ts';
import type { ImagePreparation, PreparedImage } from '../tasks/prepare-image.ts';
import type { FromPreprocessing, ToPreprocessing } from './preprocessing-thread.ts';

const requests = new Map<number, AbortController>();

function send(message: FromPreprocessing, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function prepare(id: number, { image, maxPixels, ignoreOrientation, processor }: ImagePreparation): Promise<PreparedImage> {
  const startMs = performance.now();
  const { signal } = requests.get(id)!;
  async function endStep(): Promise<void> {
    send({ type: 'step', id });
    // A turn of the event loop, in which a cancellation can come in.
    await setImmediate();
    signal.throwIfAborted();
  }
  const bytes = 'path' in image ? await readImage(image.path, { maxPixels }) : image.bytes;
  await endStep();
  const decoded = await decodeImage(bytes, { maxPixels, ignoreOrientation });
  await endStep();
  const pixelValues = preprocessImage(decoded, processor);
  return { pixelValues, preprocessMs: performance.now() - startMs };
}

/** Pictures are prepared one after the other: each may be hundreds of megabytes of pixels. */
let before: Promise<unknown> = Promise.resolve();

async function answer(id: number, preparation: ImagePreparation): Promise<void> {
  const controller = new AbortController();
  requests.set(id, controller);
  const prepared = before.then(() => {
    controller.signal.throwIfAborted();
    return prepare(id, preparation);
  });
  before = prepared.catch(() => {});
  try {
    const image = await prepared;
    send({ type: 'prepared', id, image }, [image.pixelValues.data.buffer as ArrayBuffer]);
  } catch (error) {
    send({ type: 'failed', id, error: reportError(error) });
  } finally {
    requests.delete(id);
  }
}

parentPort?.on('message', (message: ToPreprocessing) => {
  if (message.type === 'prepare') void answer(message.id, message.preparation);
  else if (message.type === 'cancel') requests.get(message.id)?.abort();
  // With its port closed, the thread ends when what it does has ended.
  else parentPort?.close();
});
