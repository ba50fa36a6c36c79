import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createCharsmapNormalizer } from '../../../src/preprocessing/precompiled-charsmap.ts';
import { readFixture } from './read-fixture.ts';

type Case = [text: string, byProbe: string, byT5: string];
const { charsmap, cases }: { charsmap: string; cases: Case[] } = JSON.parse(
  readFileSync('test/golden/tokenizer/graphemes.json', 'utf8'),
);
const t5 = readFixture('t5-small').tokenizer as { normalizer: { precompiled_charsmap: string } };

test('texts are cut into grapheme clusters where the tokenizers package cuts them', () => {
  // This charsmap makes one X of each short cluster, and one of each character of a long one.
  const normalize = createCharsmapNormalizer(charsmap, 'probe');
  expect(cases.map(([text]) => [text, normalize(text)])).toEqual(cases.map(([text, byProbe]) => [text, byProbe]));
});

test("clusters and characters are replaced as T5's charsmap says", () => {
  const normalize = createCharsmapNormalizer(t5.normalizer.precompiled_charsmap, 't5-small');
  expect(cases.map(([text]) => [text, normalize(text)])).toEqual(cases.map(([text, , byT5]) => [text, byT5]));
});
