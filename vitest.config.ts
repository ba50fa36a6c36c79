import { defineConfig } from 'vitest/config';
import { TotalsReporter } from './test/reporters/totals-reporter.ts';

export default defineConfig({
  test: {
    reporters: ['default', new TotalsReporter()],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
});
