import { createRequire } from 'node:module';
import type * as OpenTelemetryApi from '@opentelemetry/api';

/** What libraries report spans to; it goes nowhere until the operator's program sets up an SDK behind it. */
export type OpenTelemetry = typeof OpenTelemetryApi;

/** OpenTelemetry's API where it is installed: it is no dependency. */
export function loadOpenTelemetry(): OpenTelemetry | undefined {
  try {
    // At once, as the server is made at once; both ways of loading it lead to the same providers.
    return createRequire(import.meta.url)('@opentelemetry/api') as OpenTelemetry;
  } catch {
    return undefined;
  }
}
