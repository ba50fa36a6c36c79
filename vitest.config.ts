import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { TotalsReporter } from './test/reporters/totals-reporter.ts';

/**
 * No test reaches the real Hub, nor the cache, the prepared models, the token and the configuration of whoever runs it; tests of the Hub and of prepared
 * models set their own.
 */
const env = {
  HF_HUB_OFFLINE: '1',
  HF_ENDPOINT: 'http://127.0.0.1:9',
  HF_HOME: join(tmpdir(), 'onnx-predict-test-no-such-folder'),
  ONNX_PREDICT_PREPARED_DIR: join(tmpdir(), 'onnx-predict-test-no-such-folder', 'prepared'),
  ONNX_PREDICT_PREPARE: 'never',
  XDG_CONFIG_HOME: join(tmpdir(), 'onnx-predict-test-no-such-folder'),
  ONNX_PREDICT_CONFIG: '',
  HF_HUB_CACHE: '',
  HUGGINGFACE_HUB_CACHE: '',
  HF_TOKEN: '',
  HUGGING_FACE_HUB_TOKEN: '',
  http_proxy: '',
  https_proxy: '',
  HTTP_PROXY: '',
  HTTPS_PROXY: '',
};

export default defineConfig({
  test: {
    reporters: ['default', new TotalsReporter()],
    projects: [
      { test: { name: 'unit', env, include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000 } },
      { test: { name: 'integration', env, include: ['test/integration/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'e2e', env, include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
});
