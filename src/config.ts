/** The one file that reads and writes `process.env`. */

const TELEMETRY_VARIABLE = 'ORT_DISABLE_TELEMETRY';

/** Tells ONNX Runtime, if this process is going to load it, not to report usage to its maker. */
export function disableTelemetry(): void {
  process.env[TELEMETRY_VARIABLE] = '1';
}

/** The environment of a runner process: this one's, with ONNX Runtime's telemetry off from the first instruction on. */
export function runnerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, [TELEMETRY_VARIABLE]: '1' };
}
