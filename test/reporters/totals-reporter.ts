import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with the real totals: what was skipped, by name, and a line `N passed, N failed`. */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    }
    const lines = skipped.map((name) => `skipped: ${name}\n`);
    process.stdout.write(`\n${lines.join('')}${passed} passed, ${failed} failed\n`);
  }
}
