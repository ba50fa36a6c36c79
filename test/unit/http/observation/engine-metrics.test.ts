import { expect, test } from 'vitest';
import { addEngineGauges } from '../../../../src/http/observation/engine-gauges.ts';
import { createEngineMetrics } from '../../../../src/http/observation/engine-metrics.ts';
import type { ModelStatus } from '../../../../src/schemas.ts';

const T5 = { task: 'summarization', name: 't5' } as const;
const MIT_B0 = { task: 'image-classification', name: 'mit-b0' } as const;

test('what an engine tells is counted', async () => {
  const { observe, registry } = createEngineMetrics();
  observe({ ...T5, type: 'queued' });
  observe({ ...T5, type: 'batch', size: 3 });
  observe({ ...T5, type: 'answered', loadMs: 0, queueMs: 40, totalMs: 1400, inputTokens: 100, outputTokens: 20 });
  observe({ ...T5, type: 'answered', loadMs: 0, queueMs: 0, totalMs: 30, inputTokens: 5, outputTokens: 2 });
  observe({ ...MIT_B0, type: 'answered', loadMs: 100, queueMs: 0, totalMs: 150 });
  observe({ ...T5, type: 'failed', code: 'QUEUE_FULL', totalMs: 1 });
  observe({ ...T5, type: 'failed', code: null, totalMs: 1 });
  observe({ ...T5, type: 'loaded', loadMs: 2000, memoryBytes: 1 });
  observe({ ...T5, type: 'unloaded', reason: 'idle' });
  observe({ ...T5, type: 'crashed', external: false });
  const text = await registry.metrics();
  for (const line of [
    'onnx_predict_requests_total{task="summarization",model="t5",outcome="ok"} 2',
    'onnx_predict_requests_total{task="summarization",model="t5",outcome="QUEUE_FULL"} 1',
    'onnx_predict_requests_total{task="summarization",model="t5",outcome="cancelled"} 1',
    'onnx_predict_images_total 1',
    'onnx_predict_input_tokens_total 105',
    'onnx_predict_output_tokens_total 22',
    'onnx_predict_batch_size_sum{task="summarization"} 3',
    'onnx_predict_request_duration_seconds_bucket{le="0.05",task="summarization"} 1',
    'onnx_predict_request_duration_seconds_sum{task="summarization"} 1.43',
    'onnx_predict_queue_wait_seconds_sum{task="summarization"} 0.04',
    'onnx_predict_model_load_seconds_sum{task="summarization"} 2',
    'onnx_predict_model_unloads_total{reason="idle"} 1',
    'onnx_predict_runner_restarts_total{task="summarization",model="t5",external="false"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('the process is measured too, its event loop above all', async () => {
  const text = await createEngineMetrics().registry.metrics();
  expect(text).toContain('process_resident_memory_bytes ');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds ');
});

test('models that no operator named share a label, so that paths stay private and labels few', async () => {
  const { observe, registry } = createEngineMetrics({ aliases: ['mine'] });
  for (const name of ['/home/me/model', 'org/name', '__proto__']) {
    observe({ task: 'summarization', name, type: 'failed', code: 'INTERNAL', totalMs: 1 });
  }
  observe({ task: 'summarization', name: 'mine', type: 'failed', code: 'INTERNAL', totalMs: 1 });
  const text = await registry.metrics();
  expect(text).toContain('onnx_predict_requests_total{task="summarization",model="other",outcome="INTERNAL"} 3');
  expect(text).toContain('onnx_predict_requests_total{task="summarization",model="mine",outcome="INTERNAL"} 1');
  expect(text).not.toContain('/home/me');
});

test('the queue is a zero where no model is in use', async () => {
  const metrics = createEngineMetrics();
  addEngineGauges(metrics, { status: () => [] });
  expect(await metrics.registry.metrics()).toContain('onnx_predict_queue_depth{task="summarization"} 0\n');
});

test('what is true of models is asked for at each scrape', async () => {
  const model: ModelStatus = {
    ...T5,
    model: { id: 't5', revision: null, dtype: 'fp32' },
    state: 'ready',
    numQueued: 2,
    numActive: 1,
    cost: 3.5,
    heldBytes: 1000,
    memoryBytes: 5_000_000,
  };
  let models: ModelStatus[] = [model, { ...model, name: 'bart', numQueued: 5, state: 'loading', memoryBytes: null }];
  const metrics = createEngineMetrics();
  addEngineGauges(metrics, { status: () => models });
  expect((await metrics.registry.metrics()).split('\n')).toEqual(
    expect.arrayContaining([
      'onnx_predict_queue_depth{task="summarization"} 7',
      'onnx_predict_queue_cost{task="summarization"} 7',
      'onnx_predict_queue_held_bytes{task="summarization"} 2000',
      'onnx_predict_requests_active{task="summarization"} 2',
      'onnx_predict_models_loaded{task="summarization"} 1',
      'onnx_predict_models_loaded{task="image-classification"} 0',
      'onnx_predict_runner_memory_bytes{task="summarization",model="t5"} 5000000',
    ]),
  );
  models = [];
  const text = await metrics.registry.metrics();
  expect(text).toContain('onnx_predict_queue_depth{task="summarization"} 0\n');
  expect(text).not.toContain('onnx_predict_runner_memory_bytes{');
});
