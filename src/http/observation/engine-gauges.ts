import { Gauge } from 'prom-client';
import type { Engine } from '../../engine.ts';
import { type ModelStatus, TaskSchema } from '../../schemas.ts';
import { type EngineMetrics, METRIC_PREFIX } from './engine-metrics.ts';

interface Labels {
  readonly task: string;
  readonly model: string;
}

/** What is true of an engine at the moment that it is asked: it loads nothing for the answer. */
export function addEngineGauges({ registry, modelLabel }: EngineMetrics, engine: Pick<Engine, 'status'>): void {
  const byTask = (name: string, help: string, value: (model: ModelStatus) => number) =>
    new Gauge({
      name: `${METRIC_PREFIX}${name}`,
      help,
      labelNames: ['task'],
      registers: [registry],
      collect() {
        this.reset();
        // Also where no model is in use, as what scales by the queue must see a zero.
        for (const task of TaskSchema.options) this.set({ task }, 0);
        for (const model of engine.status()) this.inc({ task: model.task }, value(model));
      },
    });
  byTask('queue_depth', 'Requests that wait for a model.', ({ numQueued }) => numQueued);
  byTask('queue_cost', 'Estimated cost of what waits and runs; 1 is a usual request.', ({ cost }) => cost);
  byTask('queue_held_bytes', 'Texts and pictures that wait and run.', ({ heldBytes }) => heldBytes);
  byTask('requests_active', 'Requests that runners work on.', ({ numActive }) => numActive);
  byTask('models_loaded', 'Models that can answer at once.', ({ state }) => (state === 'ready' ? 1 : 0));
  new Gauge<keyof Labels>({
    name: `${METRIC_PREFIX}runner_memory_bytes`,
    help: 'Resident memory of runners.',
    labelNames: ['task', 'model'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { task, name, memoryBytes } of engine.status()) {
        if (memoryBytes !== null) this.inc({ task, model: modelLabel(name) }, memoryBytes);
      }
    },
  });
}
