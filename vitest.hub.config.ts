import { defineConfig } from 'vitest/config';
import { TotalsReporter } from './test/reporters/totals-reporter.ts';

/** `npm run test:hub`: the one suite that goes to the real Hugging Face Hub, and no part of `npm test`. */
export default defineConfig({
  test: {
    name: 'hub',
    include: ['test/real-hub/**/*.test.ts'],
    testTimeout: 600_000,
    reporters: ['default', new TotalsReporter()],
  },
});
