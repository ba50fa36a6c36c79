import { expect, test } from 'vitest';
import { onnxPredict } from './command.ts';

test('bench measures a model in the time it is given, and prints the line that serves it', async () => {
  const { stdout, status } = await onnxPredict(['bench', 'tiny', '--seconds', '1', '--json']);
  expect(status).toBe(0);
  const report = JSON.parse(stdout) as {
    serve: string;
    results: { threads: number; batch: number; per_second: number }[];
    best: object;
  };
  expect(report).toMatchObject({ model: 'tiny', task: 'image-classification', dtype: 'fp32' });
  expect(report.serve).toMatch(/^onnx-predict serve --preload tiny/);
  expect(report.results[0]).toMatchObject({ batch: 1, per_second: expect.any(Number) as number });
  expect(report.results.map(({ threads, batch }) => ({ threads, batch }))).toContainEqual(report.best);
});
