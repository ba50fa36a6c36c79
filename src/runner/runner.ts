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
  readonly id: number;
  readonly request: RunnerRequest;
  readonly controller: AbortController;
  readonly context: StepContext;
}

/** A runner that answers through `send`. It expects one `load` message first. */
export function createRunner(send: (message: FromRunner) => void): Runner {
  const running = new Map<number, KnownRequest>();
  let first: KnownRequest | undefined;
  let task: Promise<LoadedTask> | undefined;

  function know({ id, request }: QueuedRequest): KnownRequest {
    const controller = new AbortController();
    const onStep: StepContext['onStep'] = (progress) => {
      if (running.has(id)) send({ type: 'step', id, ...(progress === undefined ? {} : { progress }) });
    };
    return { id, request, controller, context: { signal: controller.signal, onStep } };
  }

  async function load(message: Extract<ToRunner, { type: 'load' }>): Promise<void> {
    const { model, numThreads, device } = message;
    if (message.first !== null) first = know(message.first);
    task = loadTask(model, { numThreads, device, first });
    try {
      const { warnings, numBeams } = await task;
      send({ type: 'loaded', warnings, numBeams, memoryBytes: process.memoryUsage.rss() });
    } catch (error) {
      send({ type: 'load-failed', error: reportError(error) });
    }
  }

  async function run(queued: readonly QueuedRequest[]): Promise<void> {
    const known = queued.map((each) => (first?.id === each.id ? first : know(each)));
    first = undefined;
    for (const each of known) {
      running.set(each.id, each);
      each.context.onStep();
    }
    try {
      if (task === undefined) throw new OnnxPredictError('INTERNAL', 'The runner was asked before a model was loaded.');
      const answers = (await task).answer(known);
      await Promise.all(known.map((each, place) => reply(each, answers[place]!)));
    } catch (error) {
      for (const { id } of known) send({ type: 'failed', id, error: reportError(error) });
    } finally {
      for (const { id } of known) running.delete(id);
    }
  }

  async function reply({ id, controller }: KnownRequest, answer: ReturnType<LoadedTask['answer']>[number]): Promise<void> {
    try {
      send({ type: 'result', id, answer: await answer, memoryBytes: process.memoryUsage.rss() });
    } catch (error) {
      send(controller.signal.aborted ? { type: 'cancelled', id } : { type: 'failed', id, error: reportError(error) });
    } finally {
      running.delete(id);
    }
  }

  return {
    receive(message) {
      if (message.type === 'load') void load(message);
      else if (message.type === 'run') void run(message.requests);
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
