import { expect, test } from 'vitest';
import { createPreTokenizer } from '../../../src/preprocessing/pre-tokenizer.ts';
import type { PreTokenizerStep } from '../../../src/preprocessing/tokenizer-schema.ts';

// All expected words are those of Python's tokenizers 0.23.2.
function words(steps: PreTokenizerStep[], text: string, isStart = true): string[] {
  return [...createPreTokenizer(steps, null)(text, isStart)];
}
const metaspace = (prepend_scheme: 'always' | 'first' | 'never', split = true): PreTokenizerStep => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
  split,
});
const TEXTS = ['a b', '  a  b ', ' ▁a▁▁b', '▁', 'a\u00a0b\n c'];

test.each([
  ['always', [metaspace('always')], ['▁a ▁b', '▁ ▁a ▁ ▁b ▁', '▁ ▁a ▁ ▁b', '▁', '▁a\u00a0b\n ▁c']],
  ['never', [metaspace('never')], ['a ▁b', '▁ ▁a ▁ ▁b ▁', '▁ ▁a ▁ ▁b', '▁', 'a\u00a0b\n ▁c']],
  ['first', [metaspace('first')], ['▁a ▁b', '▁ ▁a ▁ ▁b ▁', '▁ ▁a ▁ ▁b', '▁', '▁a\u00a0b\n ▁c']],
  ['unsplit', [metaspace('always', false)], ['▁a▁b', '▁▁a▁▁b▁', '▁▁a▁▁b', '▁', '▁a\u00a0b\n▁c']],
  ['after WhitespaceSplit', [{ type: 'WhitespaceSplit' }, metaspace('always')], ['▁a ▁b', '▁a ▁b', '▁a ▁ ▁b', '▁', '▁a ▁b ▁c']],
  ['first, after it', [{ type: 'WhitespaceSplit' }, metaspace('first')], ['▁a b', 'a b', '▁a ▁ ▁b', '▁', '▁a b c']],
] as [string, PreTokenizerStep[], string[]][])('Metaspace %s', (_, steps, expected) => {
  expect(TEXTS.map((text) => words(steps, text).join(' '))).toEqual(expected);
});

test('what follows an added token is not the first of a text', () => {
  expect(words([metaspace('first')], 'a b', false)).toEqual(['a', '▁b']);
  expect(words([metaspace('always')], 'a b', false)).toEqual(['▁a', '▁b']);
});

test("GPT-2's pattern", () => {
  const split = (text: string) => words([{ type: 'ByteLevel', add_prefix_space: false }], text);
  expect(split("I'll we've'S 'tis  it''s")).toEqual(['I', "'ll", ' we', "'ve", "'", 'S', " '", 'tis', ' ', ' it', "''", 's']);
  expect(split('a  b \n\n c\t')).toEqual(['a', ' ', ' b', ' \n\n', ' c', '\t']);
  expect(split('  ')).toEqual(['  ']);
  expect(split('x²½ 12a3')).toEqual(['x', '²½', ' 12', 'a', '3']);
  expect(split('\u0085a\ufeffb')).toEqual(['\u0085', 'a', '\ufeff', 'b']);
  expect(split(" '  's")).toEqual([" '", ' ', " '", 's']);
});

test('ByteLevel may put a space in front, and may leave a text whole', () => {
  expect(words([{ type: 'ByteLevel' }], 'a b')).toEqual([' a', ' b']);
  expect(words([{ type: 'ByteLevel', use_regex: false }], ' a b')).toEqual([' a b']);
});
