import { describe, expect, test } from 'vitest';
import { formatRun, showRun } from '../../../src/cli/run-progress.ts';
import { describeTally } from '../../../src/cli/run-tally.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

/** What is written on stderr while inputs are done, one a second. */
function written(numInputs: number, stderr: { readonly isTTY: boolean; readonly columns: number }, enabled = true): string {
  let text = '';
  let nowMs = 0;
  const terminal = { stderr: { ...stderr, write: (part: string) => (text += part) } } as unknown as Terminal;
  const run = showRun(terminal, { total: numInputs, unit: 'img', enabled, now: () => nowMs });
  for (let i = 1; i <= numInputs; i++) {
    nowMs += 1000;
    run.advance(`photos/${i}.jpg`);
  }
  run.clear();
  return text;
}

describe('the line of a run', () => {
  test('says how many are done, how fast, and what is left, and is erased at the end', () => {
    const text = written(4, { isTTY: true, columns: 80 });
    expect(text.split('\r\u001b[K')).toEqual([
      '',
      '1/4  photos/1.jpg',
      '2/4  1.0 img/s, 2 s left  photos/2.jpg',
      '3/4  1.0 img/s, 1 s left  photos/3.jpg',
      '',
    ]);
  });

  test.each([
    [{ isTTY: false, columns: 80 }, true],
    [{ isTTY: true, columns: 80 }, false],
    [{ isTTY: true, columns: 0 }, true],
  ])('is not there with %j and enabled %j', (stderr, enabled) => {
    expect(written(4, stderr, enabled)).toBe('');
  });

  test('is no wider than the terminal, and has no control characters', () => {
    const run = { numDone: 37, total: 200, unit: 'img', file: `photos/\u001b[2J${'x'.repeat(90)}.jpg` };
    const line = formatRun({ ...run, rate: { bytesPerSecond: 12.4, secondsLeft: 12.6 } }, 79);
    expect(line).toMatch(/^37\/200 {2}12 img\/s, 13 s left {2}photos\/\\x1b\[2Jx+…$/);
    expect([...line]).toHaveLength(79);
  });
});

test('a tally says what became of the inputs', () => {
  expect(describeTally({ answered: 163, failed: 2, skipped: 35 }, 13_200)).toBe('163 answered, 2 failed, 35 skipped in 14 s');
  expect(describeTally({ answered: 1, failed: 0, skipped: 0 }, 100)).toBe('1 answered in 1 s');
});
