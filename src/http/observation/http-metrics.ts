import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { HeldBytes } from '../body/held-bytes.ts';
import { DURATION_BUCKETS, METRIC_PREFIX } from './engine-metrics.ts';
import type { RequestRecord } from './request-record.ts';

/** Other words may come from anyone, and every one of them would be kept for ever. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The name by which it is known that a registry serves a server already. */
export const HTTP_REQUESTS_METRIC = `${METRIC_PREFIX}http_requests_total`;

/** What a server is asked at each scrape. */
interface HttpState {
  readonly numInFlight: () => number;
  readonly heldBytes: Pick<HeldBytes, 'numBytes'>;
}

/** @returns what counts a request that is over */
export function addHttpMetrics(registry: Registry, { numInFlight, heldBytes }: HttpState): (record: RequestRecord) => void {
  const registers = [registry];
  const requests = new Counter({
    name: HTTP_REQUESTS_METRIC,
    help: 'HTTP requests; 499 is a client that left. Routes that do not exist are "other".',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: `${METRIC_PREFIX}http_request_duration_seconds`,
    help: 'From the headers of a request to the end of its answer.',
    labelNames: ['route', 'method'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  new Gauge({
    name: `${METRIC_PREFIX}http_requests_in_flight`,
    help: 'HTTP requests that are being answered.',
    registers,
    collect() {
      this.set(numInFlight());
    },
  });
  new Gauge({
    name: `${METRIC_PREFIX}http_held_bytes`,
    help: 'Bodies of requests that arrive or wait.',
    registers,
    collect() {
      this.set(heldBytes.numBytes);
    },
  });
  return ({ route, method, status, durationMs }) => {
    const labels = { route: route ?? 'other', method: METHODS.has(method) ? method : 'other' };
    requests.inc({ ...labels, status: String(status) });
    duration.observe(labels, durationMs / 1000);
  };
}
