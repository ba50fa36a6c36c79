import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTextTokenizer } from '../../../src/preprocessing/tokenizer.ts';
import { readFixture } from './read-fixture.ts';

type Ids = number[];
interface OddText {
  text: string;
  ids: Ids;
  /** max_length and what is left. */
  cut: [number, Ids][];
  decoded: string;
  decodedWithSpecial: string;
  /** Any ids, and their text without and with special tokens. */
  random: [Ids, string, string];
}
/** An x and `unit` so many times: 8,000 characters. */
interface LongText {
  unit: string;
  repeat: number;
  numIds: number;
  /** Of the ids with commas between them. */
  sha256: string;
}
interface PlainText {
  text: string;
  ids: Ids;
  truncated_ids?: Ids;
  decode: string;
  decode_with_special: string;
  decode_clean_true: string;
  decode_clean_false: string;
}
// A longer run of make_tokenizer_golden.py can be checked from elsewhere.
const ODD_TEXTS = process.env['TOKENIZER_GOLDEN'] ?? 'test/golden/tokenizer';

function readGolden<Case>(path: string): { cases: Case[]; long: LongText[]; model_max_length?: number } {
  return JSON.parse(readFileSync(path, 'utf8'));
}

describe.each(['tiny-t5', 'tiny-bart', 't5-small', 'bart-large-cnn'])('%s', (name) => {
  const tokenizer = createTextTokenizer(readFixture(name), `${name}/tokenizer.json`);

  test('odd texts have the ids that Python gives them, whole and cut, and ids the same text', () => {
    for (const golden of readGolden<OddText>(`${ODD_TEXTS}/${name}.json`).cases) {
      const { text, ids, cut, random, ...decoded } = golden;
      const [someIds, someText, someTextWithSpecial] = random;
      expect({
        text,
        ...tokenizer.encode(text, { maxTokens: null }),
        cut: cut.map(([maxTokens]) => [maxTokens, tokenizer.encode(text, { maxTokens })]),
        decoded: tokenizer.decode(ids, { skipSpecialTokens: true }),
        decodedWithSpecial: tokenizer.decode(ids, { skipSpecialTokens: false }),
        someText: tokenizer.decode(someIds, { skipSpecialTokens: true }),
        someTextWithSpecial: tokenizer.decode(someIds, { skipSpecialTokens: false, cleanUpSpaces: false }),
      }).toEqual({
        text,
        ids,
        droppedTokens: 0,
        cut: cut.map(([maxTokens, left]) => [maxTokens, { ids: left, droppedTokens: ids.length - left.length }]),
        ...decoded,
        someText,
        someTextWithSpecial,
      });
    }
  });

  test('long texts have all the ids that Python gives them, and when cut, a right count of those dropped', () => {
    for (const { unit, repeat, numIds, sha256 } of readGolden(`test/golden/tokenizer/${name}.json`).long) {
      const text = `x${unit.repeat(repeat)}`;
      const { ids } = tokenizer.encode(text, { maxTokens: null });
      const hash = createHash('sha256').update(ids.join(',')).digest('hex');
      expect({ unit, numIds: ids.length, sha256: hash }).toEqual({ unit, numIds, sha256 });
      const cut = tokenizer.encode(text, { maxTokens: 100 });
      expect(cut.ids.length + cut.droppedTokens).toBe(numIds);
      expect(cut.ids).toEqual(numIds > 100 ? [...ids.slice(0, 99), ids.at(-1)] : ids);
    }
  });

  test('everyday texts do too, cut to what the model takes, with and without clean-up of spaces', () => {
    const { cases, model_max_length } = readGolden<PlainText>(`test/golden/tokenizer/tokens.${name}.json`);
    expect(tokenizer.modelMaxLength).toBe(model_max_length);
    for (const { text, ids, truncated_ids = ids, ...golden } of cases) {
      const skipSpecialTokens = true;
      expect({
        text,
        ids: tokenizer.encode(text, { maxTokens: null }).ids,
        truncated: tokenizer.encode(text, { maxTokens: tokenizer.modelMaxLength }),
        decode: tokenizer.decode(ids, { skipSpecialTokens }),
        decode_with_special: tokenizer.decode(ids, { skipSpecialTokens: false }),
        decode_clean_true: tokenizer.decode(ids, { skipSpecialTokens, cleanUpSpaces: true }),
        decode_clean_false: tokenizer.decode(ids, { skipSpecialTokens, cleanUpSpaces: false }),
      }).toEqual({
        text,
        ids,
        truncated: { ids: truncated_ids, droppedTokens: ids.length - truncated_ids.length },
        decode: golden.decode,
        decode_with_special: golden.decode_with_special,
        decode_clean_true: golden.decode_clean_true,
        decode_clean_false: golden.decode_clean_false,
      });
    }
  });
});
