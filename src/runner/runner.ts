import { OnnxPredictError, reportError } from '../errors.ts';
import type { ClassificationRequest, FromRunner, LocalModel, ToRunner } from '../protocol.ts';
import { type ImageClassifier, loadImageClassifier } from '../tasks/image-classification.ts';
import { openSession } from './session.ts';

/** One loaded model that answers messages, in whatever process it lives. */
export interface Runner {
  receive(message: ToRunner): void;
  /** Stops all work at its next step and gives the model's memory back. */
  close(): Promise<void>;
}

/** A runner that answers through `send`. It expects one `load` message first. */
export function createRunner(send: (message: FromRunner) => void): Runner {
  const requests = new Map<number, AbortController>();
  let classifier: Promise<ImageClassifier> | undefined;

  async function load(model: LocalModel, numThreads: number): Promise<void> {
    classifier = loadImageClassifier(model, { numThreads, openSession });
    try {
      await classifier;
      send({ type: 'loaded' });
    } catch (error) {
      send({ type: 'load-failed', error: reportError(error) });
    }
  }

  async function run(id: number, request: ClassificationRequest): Promise<void> {
    const controller = new AbortController();
    requests.set(id, controller);
    const onStep = () => send({ type: 'step', id });
    onStep();
    try {
      if (classifier === undefined) throw new OnnxPredictError('INTERNAL', 'The runner was asked before a model was loaded.');
      const answer = await (await classifier).classify(request, { signal: controller.signal, onStep });
      send({ type: 'result', id, answer });
    } catch (error) {
      send(controller.signal.aborted ? { type: 'cancelled', id } : { type: 'failed', id, error: reportError(error) });
    } finally {
      requests.delete(id);
    }
  }

  return {
    receive(message) {
      if (message.type === 'load') void load(message.model, message.numThreads);
      else if (message.type === 'run') void run(message.id, message.request);
      else requests.get(message.id)?.abort();
    },
    async close() {
      for (const controller of requests.values()) controller.abort();
      const loaded = await classifier?.catch(() => undefined);
      await loaded?.release();
    },
  };
}
