import { describe, expect, test } from 'vitest';
import { byteCharacters } from '../../../src/preprocessing/byte-characters.ts';
import { createTextTokenizer, type TextTokenizer } from '../../../src/preprocessing/tokenizer.ts';
import { seededRandom } from './random.ts';
import { readFixture } from './read-fixture.ts';

const ODD = 'Zoë’s naïve café — 12 €, 😀 👩‍👩‍👧 日本語, “q”  two spaces\n\ttab <s> </s> <pad> ﬁ Ａ';
/** A code point that came in two parts, or a replacement where there was nothing to replace. */
const HALVES = /^[\udc00-\udfff]|[\ud800-\udbff]$/;

/** The ids in parts of random lengths, some of them empty. */
function inParts(ids: readonly number[], next: (below: number) => number): number[][] {
  const parts: number[][] = [];
  for (let at = 0; at < ids.length; ) {
    const end = at + next(4);
    parts.push(ids.slice(at, end));
    at = end;
  }
  return parts;
}

function decodeInParts(tokenizer: TextTokenizer, parts: readonly (readonly number[])[], skipSpecialTokens: boolean): string[] {
  const decoding = tokenizer.startDecoding({ skipSpecialTokens });
  return [...parts.map((ids) => decoding.add(ids)), decoding.end()];
}

describe.each(['tiny-t5', 'tiny-bart', 't5-small', 'bart-large-cnn'])('ids of %s that come one after the other', (name) => {
  const tokenizer = createTextTokenizer(readFixture(name), name);

  test('are the text that they are together, in whole characters, whatever they are', () => {
    const next = seededRandom(1);
    const odd = tokenizer.encode(ODD, { maxTokens: null }).ids;
    for (let round = 0; round < 300; round++) {
      const any = Array.from({ length: next(40) }, () => next(tokenizer.vocabSize + 3));
      const ids = round % 3 === 0 ? [...odd.slice(next(odd.length)), ...any] : any;
      const skipSpecialTokens = round % 2 === 0;
      const parts = decodeInParts(tokenizer, inParts(ids, next), skipSpecialTokens);
      expect(parts.join('')).toBe(tokenizer.decode(ids, { skipSpecialTokens, cleanUpSpaces: false }));
      for (const part of parts) expect(part).not.toMatch(HALVES);
    }
  });
});

test('bytes that come one after the other are the characters that they are together', () => {
  const tokenizer = createTextTokenizer(readFixture('bart-large-cnn'), 'bart-large-cnn');
  const idOfByte = byteCharacters().map((character) => tokenizer.tokenId(character)!);
  const next = seededRandom(2);
  const text = Buffer.from(`\ufeff${ODD}`);
  for (let round = 0; round < 2000; round++) {
    const bytes = Array.from({ length: 1 + next(12) }, () => (next(3) === 0 ? 0xe0 + next(32) : 0x70 + next(80)));
    const all = round % 2 === 0 ? bytes : [...text.subarray(next(text.length)), ...bytes];
    const parts = decodeInParts(
      tokenizer,
      inParts(
        all.map((byte) => idOfByte[byte]!),
        next,
      ),
      true,
    );
    expect(parts.join('')).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(all)));
    for (const part of parts) expect(part).not.toMatch(HALVES);
  }
});

test('a character of several tokens is given when it is whole, and as cut off when nothing comes', () => {
  const tokenizer = createTextTokenizer(readFixture('bart-large-cnn'), 'bart-large-cnn');
  const [first, ...rest] = [...Buffer.from('😀')].map((byte) => tokenizer.tokenId(byteCharacters()[byte]!)!);
  const whole = tokenizer.startDecoding({ skipSpecialTokens: true });
  expect([whole.add([first!]), whole.add(rest), whole.end()]).toEqual(['', '😀', '']);
  const cut = tokenizer.startDecoding({ skipSpecialTokens: true });
  expect([cut.add([first!]), cut.end()]).toEqual(['', '\ufffd']);
});
