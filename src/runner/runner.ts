import { OnnxPredictError, reportError } from '../errors.ts';
import type { FromRunner, QueuedRequest, RunnerRequest, ToRunner } from '../protocol.ts';
import type { StepContext } from '../tasks/step-context.ts';
import { type LoadedTask, loadTask } from './load-task.ts';

/** One loaded model that answers messages, in whatever process it lives. */
export interface Runner {
  receive(message: ToRunner): void;
  /** Stops all work at its next step and gives the model's memory back. */
  close(): Promise<void>;
}

/** A request that is known here, perhaps before it is run. */
interface KnownRequest {
  readonly request: RunnerRequest;
  readonly controller: AbortController;
  readonly context: StepContext;
}

/** A runner that answers through `send`. It expects one `load` message first. */
export function createRunner(send: (message: FromRunner) => void): Runner {
  const running = new Map<number, KnownRequest>();
  let first: (KnownRequest & { readonly id: number }) | undefined;
  let task: Promise<LoadedTask> | undefined;

  function know({ id, request }: QueuedRequest): KnownRequest {
    const controller = new AbortController();
    const onStep: StepContext['onStep'] = (progress) => {
      if (running.has(id)) send({ type: 'step', id, ...(progress === undefined ? {} : { progress }) });
    };
    return { request, controller, context: { signal: controller.signal, onStep } };
  }

  async function load(message: Extract<ToRunner, { type: 'load' }>): Promise<void> {
    const { model, numThreads } = message;
    if (message.first !== null) first = { id: message.first.id, ...know(message.first) };
    task = loadTask(model, { numThreads, first });
    try {
      const { warnings } = await task;
      send({ type: 'loaded', warnings });
    } catch (error) {
      send({ type: 'load-failed', error: reportError(error) });
    }
  }

  async function run(queued: QueuedRequest): Promise<void> {
    const { id } = queued;
    const { request, controller, context } = first?.id === id ? first : know(queued);
    first = undefined;
    running.set(id, { request, controller, context });
    context.onStep();
    try {
      if (task === undefined) throw new OnnxPredictError('INTERNAL', 'The runner was asked before a model was loaded.');
      const answer = await (await task).answer(request, context);
      send({ type: 'result', id, answer });
    } catch (error) {
      send(controller.signal.aborted ? { type: 'cancelled', id } : { type: 'failed', id, error: reportError(error) });
    } finally {
      running.delete(id);
    }
  }

  return {
    receive(message) {
      if (message.type === 'load') void load(message);
      else if (message.type === 'run') void run(message);
      else running.get(message.id)?.controller.abort();
    },
    async close() {
      first?.controller.abort();
      for (const { controller } of running.values()) controller.abort();
      const loaded = await task?.catch(() => undefined);
      await loaded?.release();
    },
  };
}
