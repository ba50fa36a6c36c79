import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { createTextTokenizer } from '../../../src/preprocessing/tokenizer.ts';
import { readFixture } from './read-fixture.ts';

type Json = Record<string, unknown>;
const T5 = readFixture('tiny-t5');
const BART = readFixture('tiny-bart');
const t5 = createTextTokenizer(T5, 'tiny-t5');
const bart = createTextTokenizer(BART, 'tiny-bart');
const whole = { maxTokens: null };

/** tiny-bart with fields of its tokenizer.json, and tokenizer_config.json, replaced. */
function bartWith(tokenizer: Json, tokenizerConfig: Json = {}) {
  return createTextTokenizer(
    { tokenizer: { ...(BART.tokenizer as Json), ...tokenizer }, tokenizerConfig, specialTokensMap: null },
    'changed',
  );
}

describe('a text that is too long', () => {
  test('loses what comes before the end token, and what it lost is counted', () => {
    const text = 'The program prints the value of its first argument.';
    for (const tokenizer of [t5, bart]) {
      const { ids } = tokenizer.encode(text, whole);
      for (let maxTokens = 2; maxTokens <= ids.length + 1; maxTokens++) {
        const dropped = Math.max(0, ids.length - maxTokens);
        const expected = dropped === 0 ? ids : [...ids.slice(0, maxTokens - 1), ids.at(-1)];
        expect(tokenizer.encode(text, { maxTokens })).toEqual({ ids: expected, droppedTokens: dropped });
      }
    }
  });

  test('loses its start where the configuration says so, in short and in long', () => {
    const tokenizer = bartWith({}, { truncation_side: 'left' });
    for (const text of ['one two three four', 'word '.repeat(5000)]) {
      const { ids } = tokenizer.encode(text, whole);
      expect(tokenizer.encode(text, { maxTokens: 6 })).toEqual({ ids: [0, ...ids.slice(-5)], droppedTokens: ids.length - 6 });
    }
  });

  test('is refused if not even the special tokens fit', () => {
    expect(bart.encode('text', { maxTokens: 2 }).ids).toEqual([0, 2]);
    for (const maxTokens of [1, 0, -1, Number.NaN]) {
      expect(() => bart.encode('text', { maxTokens })).toThrow(new RegExp(`maxTokens is ${maxTokens}, but the 2 special tokens`));
    }
  });
});

test('a lone surrogate counts as U+FFFD', () => {
  for (const tokenizer of [t5, bart]) {
    for (const text of ['\ud83d', 'a\udc00b', '\ud83d\ud83d\ude00', 'end\ud83d']) {
      const replaced = Buffer.from(text).toString();
      expect(tokenizer.encode(text, whole)).toEqual(tokenizer.encode(replaced, whole));
    }
  }
});

test('ids that stand for no token become no text', () => {
  const hello = bart.encode('Hello', whole).ids;
  expect(bart.decode([...hello, 5000, -1, 0.5, Number.NaN], { skipSpecialTokens: true })).toBe('Hello');
  expect(t5.decode([1100, 32127], { skipSpecialTokens: false })).toBe('');
});

test('a character that is cut off is shown as U+FFFD', () => {
  const { ids } = bart.encode('é😀', whole);
  expect(bart.decode(ids.slice(0, -2), { skipSpecialTokens: true })).toBe('é\ufffd');
});

test('the size of the vocabulary counts added tokens, and tokens are found by their text', () => {
  const large = createTextTokenizer(readFixture('bart-large-cnn'), 'bart');
  expect([large.vocabSize, large.tokenId('<mask>')]).toEqual([50265, 50264]);
  expect([t5.vocabSize, t5.tokenId('<extra_id_0>'), t5.tokenId('▁the')]).toEqual([1100, 1099, t5.encode('the', whole).ids[0]]);
  expect(t5.tokenId('no such token')).toBeUndefined();
});

test('the configuration may ask for a space in front, and for clean-up of spaces, which BPE does not get', () => {
  const spaced = bartWith({}, { add_prefix_space: true, clean_up_tokenization_spaces: true });
  expect(spaced.encode('Hello', whole)).toEqual(bart.encode(' Hello', whole));
  expect(spaced.decode(bart.encode('a . b', whole).ids, { skipSpecialTokens: true })).toBe('a . b');
});

test('special tokens that only the configuration names are found in texts and left out of them', () => {
  const tokenizer = bartWith({}, { sep_token: '<sep>', additional_special_tokens: [{ content: '<new>', lstrip: true }] });
  expect(tokenizer.encode('a <new><sep>', whole).ids).toEqual([...bart.encode('a', whole).ids.slice(0, -1), 1001, 1000, 2]);
  expect(tokenizer.decode([1000, 68, 1001], { skipSpecialTokens: true })).toBe('a');
  expect(tokenizer.decode([1000, 68, 1001], { skipSpecialTokens: false })).toBe('<sep>a<new>');
});

test('an added token may have to stand alone, and is looked for leftmost, then longest', () => {
  const token = (id: number, content: string, traits: Json = {}) => ({ id, content, special: true, ...traits });
  const tokenizer = bartWith({
    added_tokens: [
      token(900, 'ab', { single_word: true }),
      token(901, '#x'),
      token(902, '#xy'),
      token(903, 'ß', { rstrip: true }),
    ],
  });
  const added = (text: string) => tokenizer.encode(text, whole).ids.filter((id) => id >= 900 && id < 904);
  expect(added('ab ab. cab abé ab_ (ab)')).toEqual([900, 900, 900]);
  expect(added('𝒜ab ab𝒜')).toEqual([]);
  expect(added('#xy #x #xx ##xy')).toEqual([902, 901, 901, 902]);
  expect(tokenizer.encode('ß \n\u0085 a', whole)).toEqual(tokenizer.encode('ßa', whole));
});

test('a word of the text that happens to be a property of objects is a word', () => {
  for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(t5.decode(t5.encode(word, whole).ids, { skipSpecialTokens: true }).replaceAll(' ', '')).toContain(word[0]);
    expect(bart.decode(bart.encode(word, whole).ids, { skipSpecialTokens: true })).toBe(word);
  }
  const vocab = { ...((BART.tokenizer as Json)['model'] as { vocab: Json }).vocab, constructor: 999 };
  expect(bartWith({ model: { ...((BART.tokenizer as Json)['model'] as Json), vocab } }).tokenId('constructor')).toBe(999);
});

test('errors carry a code', () => {
  expect(() => bartWith({ model: null })).toThrow(OnnxPredictError);
});
