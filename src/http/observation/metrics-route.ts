import * as v from 'valibot';
import type { Route } from '../route.ts';
import type { EngineMetrics } from './engine-metrics.ts';

export type ScrapedMetrics = Pick<EngineMetrics, 'registry'>;

/** The route that Prometheus scrapes. */
export function createMetricsRoute({ registry }: ScrapedMetrics): Route {
  return {
    method: 'GET',
    path: '/metrics',
    documentation: {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus',
      description:
        'Queue, batches, tokens, pictures, latencies, runners and the process, in the text format of Prometheus. Loads nothing.',
      tag: 'Operations',
      responses: { 200: { description: 'All metrics.', content: { type: 'text/plain', schema: v.string() } } },
    },
    async handle(context) {
      const text = await registry.metrics();
      context.set('Cache-Control', 'no-store');
      context.set('Content-Type', registry.contentType);
      context.body = text;
    },
  };
}
