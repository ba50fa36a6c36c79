import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { EngineEvent } from '../../schemas.ts';
import { DEFAULT_SERVER_SETTINGS } from '../server-settings.ts';

/** What an engine and the server over it do, counted for Prometheus. */
export interface EngineMetrics {
  /** For `createEngine({ onEvent })`. */
  readonly observe: (event: EngineEvent) => void;
  /** A model's name as it stands in a label: names that an operator has not given are all one, so that labels stay few. */
  readonly modelLabel: (name: string) => string;
  readonly registry: Registry;
}

export const METRIC_PREFIX = 'onnx_predict_';
/** Seconds: from a small picture to a long summary behind others. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64];

/**
 * Metrics for one engine and one server: the engine's events go to `observe`, the server is handed the whole.
 * @param aliases the names of models that are told apart in labels
 */
export function createEngineMetrics({
  aliases = DEFAULT_SERVER_SETTINGS.aliases,
}: {
  readonly aliases?: readonly string[];
} = {}): EngineMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const known = new Set(aliases);
  const modelLabel = (name: string) => (known.has(name) ? name : 'other');
  const metrics = createInstruments(registry);

  return {
    observe: (event) => observe(metrics, event, modelLabel(event.name)),
    modelLabel,
    registry,
  };
}

type Instruments = ReturnType<typeof createInstruments>;

function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `${METRIC_PREFIX}${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `${METRIC_PREFIX}${name}`, help, labelNames: ['task'], buckets, registers });
  return {
    requests: counter('requests_total', 'Requests to models by how they ended: ok, cancelled or the code of an error.', [
      'task',
      'model',
      'outcome',
    ]),
    images: counter('images_total', 'Pictures that were classified.', []),
    inputTokens: counter('input_tokens_total', 'Tokens that summarizers read.', []),
    outputTokens: counter('output_tokens_total', 'Tokens that summarizers wrote.', []),
    unloads: counter('model_unloads_total', 'Models that were unloaded, by why.', ['reason']),
    restarts: counter('runner_restarts_total', 'Runners that ended by themselves, or were killed from outside.', [
      'task',
      'model',
      'external',
    ]),
    duration: histogram('request_duration_seconds', 'From the call to the answer, of answered requests.', DURATION_BUCKETS),
    queueWait: histogram('queue_wait_seconds', 'What answered requests waited for others.', DURATION_BUCKETS),
    load: histogram('model_load_seconds', 'How long models took to load and warm up.', DURATION_BUCKETS),
    batchSize: histogram('batch_size', 'Requests that were handed to a runner together.', BATCH_BUCKETS),
  };
}

function observe(metrics: Instruments, event: EngineEvent, model: string): void {
  const { task } = event;
  switch (event.type) {
    case 'queued':
      break;
    case 'batch':
      metrics.batchSize.observe({ task }, event.size);
      break;
    case 'answered':
      metrics.requests.inc({ task, model, outcome: 'ok' });
      metrics.duration.observe({ task }, event.totalMs / 1000);
      metrics.queueWait.observe({ task }, event.queueMs / 1000);
      if (task === 'image-classification') metrics.images.inc();
      metrics.inputTokens.inc(event.inputTokens ?? 0);
      metrics.outputTokens.inc(event.outputTokens ?? 0);
      break;
    case 'failed':
      metrics.requests.inc({ task, model, outcome: event.code ?? 'cancelled' });
      break;
    case 'loaded':
      metrics.load.observe({ task }, event.loadMs / 1000);
      break;
    case 'unloaded':
      metrics.unloads.inc({ reason: event.reason });
      break;
    case 'crashed':
      metrics.restarts.inc({ task, model, external: String(event.external) });
      break;
  }
}
