import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { divideText } from '../../../src/tasks/divide-text.ts';
import { seededRandom } from '../preprocessing/random.ts';

const PREFIX_TOKENS = 4;

/** A tokenizer with one token for each word and mark, at most four characters long, and a prefix of four tokens. */
function countTokens(text: string): number {
  return text.match(/[^\s.,!?]{1,4}|[.,!?]/gu)?.length ?? 0;
}

function divide(text: string, { maxInputTokens = 64, maxParts = 256 } = {}) {
  const countInput = (part: string) => countTokens(part) + PREFIX_TOKENS;
  return divideText(text, { countTokens, countInput, maxInputTokens, maxParts });
}

function partsOf(text: string, options = {}): string[] {
  return divide(text, options).map(({ start, end }) => text.slice(start, end));
}

function failureOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof OnnxPredictError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'no error';
}

const sentence = (numWords: number) => `${Array.from({ length: numWords }, () => 'word').join(' ')}.`;

describe('a text', () => {
  test('that can be read is one part, with all that is around it', () => {
    const text = '  One sentence.\n\n';
    expect(divide(text)).toEqual([{ start: 0, end: text.length, inputTokens: 4 + PREFIX_TOKENS }]);
  });

  test('is divided at the ends of paragraphs, about in equal parts', () => {
    const paragraph = `${sentence(9)} ${sentence(9)}`;
    const text = Array.from({ length: 6 }, () => paragraph).join('\n\n');
    expect(partsOf(text)).toEqual(Array.from({ length: 2 }, () => `${paragraph}\n\n${paragraph}\n\n${paragraph}`));
  });

  test('whose paragraphs are too long is divided at the ends of sentences, and a sentence between words', () => {
    const text = Array.from({ length: 9 }, () => sentence(19)).join(' ');
    for (const part of partsOf(text)) expect(part).toMatch(/^word.*word\.$/);
    const words = partsOf(Array.from({ length: 200 }, () => 'word').join(' '));
    expect(words.join(' ')).toBe(Array.from({ length: 200 }, () => 'word').join(' '));
    expect(words).toHaveLength(4);
  });

  test('is not divided after "Dr." or "U.S.", but after a full stop in Chinese', () => {
    const name = `${Array.from({ length: 37 }, () => 'word').join(' ')} Dr. Smith of the U.S. Navy said so`;
    expect(partsOf(`${name}. ${name}.`)).toEqual([`${name}.`, `${name}.`]);
    const chinese = `${'字'.repeat(120)}。`;
    expect(partsOf(chinese.repeat(4))).toEqual([chinese, chinese, chinese, chinese]);
  });

  test('without sentences is divided at the ends of lines', () => {
    const line = 'one two three four';
    for (const part of partsOf(Array.from({ length: 60 }, () => line).join('\n'))) {
      expect(part.split('\n').every((each) => each === line)).toBe(true);
    }
  });

  test('is never divided inside a character, but for one that is too long itself', () => {
    for (const character of ['🇩🇪', '👩‍👩‍👧', 'é\u0301', '각', '𝒳']) {
      const parts = partsOf(character.repeat(400));
      expect(parts.length).toBeGreaterThan(1);
      for (const part of parts) expect(part.replaceAll(character, '')).toBe('');
    }
    const accents = `e${'\u0301'.repeat(1000)}`;
    expect(partsOf(accents).join('')).toBe(accents);
    expect(partsOf('\u{1d4b3}\ufe0f'.repeat(300)).every((part) => !/\p{Surrogate}/u.test(part))).toBe(true);
  });

  test('of any kind is covered but for white space, in order, by parts that can be read', () => {
    const random = seededRandom(7);
    const units = [
      'word ',
      'longerword',
      '. ',
      '! ',
      '\n',
      '\n\n',
      '  ',
      '漢字',
      '。',
      '👩‍👩‍👧',
      '🇩🇪',
      '\ud800',
      '"',
      'Mr. ',
      '\u0301',
      'a',
    ];
    for (let run = 0; run < 300; run++) {
      const numKinds = 1 + random(units.length);
      const kinds = Array.from({ length: numKinds }, () => units[random(units.length)]!);
      const text = Array.from({ length: 1 + random(900) }, () => kinds[random(numKinds)]!).join('');
      const maxInputTokens = 40 + random(60);
      const parts = divide(text, { maxInputTokens, maxParts: 10_000 });
      let at = 0;
      for (const { start, end, inputTokens } of parts) {
        expect(text.slice(at, start).trim()).toBe('');
        expect(end).toBeGreaterThan(start);
        expect(inputTokens).toBe(countTokens(text.slice(start, end)) + PREFIX_TOKENS);
        expect(inputTokens).toBeLessThanOrEqual(maxInputTokens);
        at = end;
      }
      expect(text.slice(at).trim()).toBe('');
      // Two neighbours that could be one would be a waste.
      const numNeeded = Math.ceil(countTokens(text) / (maxInputTokens - PREFIX_TOKENS));
      expect(parts.length).toBeLessThanOrEqual(Math.max(1, 2 * numNeeded));
    }
  });

  test.each([
    ['words', 'word '],
    ['sentences', 'A b. '],
    ['one word', 'x'],
    ['white space', ' '],
    ['lines', 'a\n'],
    ['marks', '.)'],
    ['accents', '\u0301'],
    ['Chinese', '字。'],
    ['flags', '🇩🇪'],
  ])('of any kind takes time in proportion: %s', (_, unit) => {
    const timeOf = (length: number) => {
      const text = `a${unit.repeat(Math.ceil(length / unit.length))}b`;
      const startMs = performance.now();
      divide(text, { maxInputTokens: 512, maxParts: 1e9 });
      return performance.now() - startMs;
    };
    timeOf(50_000);
    const short = timeOf(62_500);
    // Eight times as long; what is quadratic would take 64 times as long.
    expect(timeOf(500_000)).toBeLessThan(24 * short + 500);
  });
});

describe('what cannot be divided is refused:', () => {
  test('a text of too many parts, before it is divided and after', () => {
    const text = Array.from({ length: 100 }, () => sentence(50)).join(' ');
    expect(failureOf(() => divide(text, { maxParts: 2 }))).toBe(
      'TEXT_TOO_LONG The text has 5104 tokens, more than 2 parts of the 64 that the model reads; divide it, and summarize its parts.',
    );
    expect(failureOf(() => divide(text, { maxParts: 80 }))).toContain('more than 80 parts');
    expect(divide(text, { maxParts: 100 })).toHaveLength(100);
  });

  test('a text beside a prefix that leaves no room', () => {
    expect(failureOf(() => divide(sentence(100), { maxInputTokens: 35 }))).toMatch(
      /^INVALID_ARGUMENT prefix: leaves 31 of the 35 tokens/,
    );
  });

  test('a character that the model reads as more than all', () => {
    const countTokens = (text: string) => (text === 'a' ? 1 : 100 * text.length);
    expect(failureOf(() => divideText('xx', { countTokens, countInput: countTokens, maxInputTokens: 64, maxParts: 9 }))).toBe(
      'TEXT_TOO_LONG The text has a character that the model reads as 100 tokens.',
    );
  });
});
