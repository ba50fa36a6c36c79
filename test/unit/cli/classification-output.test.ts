import { describe, expect, test } from 'vitest';
import { formatClassification } from '../../../src/cli/classification-output.ts';
import type { ClassificationResult } from '../../../src/schemas.ts';

const RESULT: ClassificationResult = {
  classLabel: 'Arctic fox',
  score: 0.9607449173927307,
  top: [
    { label: 'Arctic fox, white fox, Alopex lagopus', score: 0.9607449173927307, index: 279 },
    { label: 'white wolf, Arctic wolf, Canis lupus tundrarum', score: 0.02, index: 270 },
  ],
  model: { id: 'mit-b0', revision: null, dtype: 'fp32' },
  timings: { loadMs: 1, queueMs: 0, preprocessMs: 2, inferenceMs: 3 },
};
const ABSTENTION: ClassificationResult = { ...RESULT, classLabel: null };

describe('json', () => {
  test('is one line of snake_case with scores at full precision', () => {
    const text = formatClassification('a.jpg', RESULT, { kind: 'json' });
    expect(text.endsWith('}\n')).toBe(true);
    expect(text.split('\n')).toHaveLength(2);
    expect(JSON.parse(text)).toEqual({
      file: 'a.jpg',
      class_label: 'Arctic fox',
      score: 0.9607449173927307,
      top: RESULT.top,
      model: RESULT.model,
      timings: { load_ms: 1, queue_ms: 0, preprocess_ms: 2, inference_ms: 3 },
    });
  });

  test('escapes control characters of file names, and still says the same name', () => {
    const text = formatClassification('a\u009b31m\n.jpg', RESULT, { kind: 'json' });
    expect(text).not.toContain('\u009b');
    expect((JSON.parse(text) as { file: string }).file).toBe('a\u009b31m\n.jpg');
  });
});

describe('a table', () => {
  test('has the label and the score, and the file in front where there are several', () => {
    expect(formatClassification('a.jpg', RESULT, { kind: 'table', withFile: false })).toBe('Arctic fox\t0.960745\n');
    expect(formatClassification('a.jpg', RESULT, { kind: 'table', withFile: true })).toBe('a.jpg\tArctic fox\t0.960745\n');
  });

  test('stays one row and three columns whatever the file is called', () => {
    expect(formatClassification('a\tb\nc.jpg', RESULT, { kind: 'table', withFile: true })).toBe(
      'a\\x09b\\x0ac.jpg\tArctic fox\t0.960745\n',
    );
  });

  test('has a dash for an abstention', () => {
    expect(formatClassification('a.jpg', ABSTENTION, { kind: 'table', withFile: false })).toBe('-\t0.960745\n');
    expect(formatClassification('a.jpg', ABSTENTION, { kind: 'quiet' })).toBe('-\n');
  });
});

describe('the terminal', () => {
  const format = { kind: 'terminal', withFile: false, columns: 80, color: false, activation: 'softmax' } as const;

  test('shows the label, its confidence, and a bar for each candidate', () => {
    expect(formatClassification('a.jpg', RESULT, format)).toBe(
      'Arctic fox  96.1%\n' +
        '  Arctic fox, white fox, Alopex lagopus          96.1%  ███████████████████████\n' +
        '  white wolf, Arctic wolf, Canis lupus tundrar…   2.0%  ▌\n',
    );
  });

  test.each([80, 60, 40])('fits into %d columns', (columns) => {
    const lines = formatClassification('a.jpg', RESULT, { ...format, columns }).split('\n');
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
  });

  test('lets no escape sequence of a label through', () => {
    const evil = { ...RESULT, classLabel: '\u001b[31mred', top: [{ label: '\u001b]0;title\u0007', score: 1, index: 0 }] };
    expect(formatClassification('\u001b[2J.jpg', evil, { ...format, withFile: true })).not.toContain('\u001b');
  });

  test('shows raw scores, without bars, where there is no activation', () => {
    const text = formatClassification('a.jpg', { ...RESULT, score: 12.3456 }, { ...format, activation: 'none' });
    expect(text).toContain('Arctic fox  12.346\n');
    expect(text).not.toContain('█');
  });

  test('says plainly that it is not sure, and still shows the candidates', () => {
    expect(formatClassification('a.jpg', ABSTENTION, format)).toMatch(/^not sure\n {2}Arctic fox/);
  });
});
