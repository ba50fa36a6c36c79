import { expect, test } from 'vitest';
import { createUnigramModel } from '../../../src/preprocessing/unigram-model.ts';

type Piece = readonly [string, number];
const UNK = 0;
// "c" and "d" are unknown on their own.
const PIECES: readonly Piece[] = [
  ['<unk>', 0],
  ['a', -1.5],
  ['b', -3],
  ['ab', -2.25],
  ['ba', -6.5],
  ['aab', -5.125],
  ['bc', -9],
  ['cd', -20],
  ['dab', -30],
  ['f', -25],
  ['fg', -1],
  ['ge', -10],
];

/** The ids of the best of all ways to cut `word`, neighbouring unknown characters made one. */
function bestByTryingAll(word: string): readonly number[] {
  const unkScore = Math.min(...PIECES.map(([, score]) => score)) - 10;
  const cut = (rest: string): { score: number; ids: number[] } => {
    if (rest === '') return { score: 0, ids: [] };
    const first = [...rest][0]!;
    const starts = PIECES.flatMap(([piece, score], id) => (rest.startsWith(piece) ? [{ length: piece.length, score, id }] : []));
    if (!starts.some(({ length }) => length === first.length)) starts.push({ length: first.length, score: unkScore, id: UNK });
    return starts
      .map(({ length, score, id }) => {
        const after = cut(rest.slice(length));
        return { score: score + after.score, ids: [id, ...after.ids] };
      })
      .reduce((best, other) => (other.score > best.score ? other : best));
  };
  return cut(word).ids.filter((id, i, ids) => id !== UNK || ids[i - 1] !== UNK);
}

test('the ids of a word are those of its best path', () => {
  const model = createUnigramModel({ pieces: PIECES, unkId: UNK, byteFallback: false });
  const letters = ['a', 'b', 'c', 'd', '😀'];
  const words = letters.flatMap((a) =>
    letters.flatMap((b) => letters.flatMap((c) => letters.flatMap((d) => letters.map((e) => a + b + c + d + e)))),
  );
  // Here two dear pieces are just cheaper than a cheap one and an unknown character.
  words.push('fge');
  expect(model.encode('fge')).toEqual([9, 11]);
  expect(words.map((word) => [word, model.encode(word)])).toEqual(words.map((word) => [word, bestByTryingAll(word)]));
});

test('a word longer than any array made beforehand is no different', () => {
  const model = createUnigramModel({ pieces: PIECES, unkId: UNK, byteFallback: false });
  expect(model.encode('ab'.repeat(50_000))).toEqual(new Array(50_000).fill(3));
  expect(model.encode('c'.repeat(50_000))).toEqual([UNK]);
});

test('unknown characters become their bytes where the vocabulary has all of these', () => {
  const pieces: Piece[] = [...PIECES, ['<0xC3>', -9], ['<0xA9>', -9]];
  const model = createUnigramModel({ pieces, unkId: UNK, byteFallback: true });
  expect(model.encode('aéb')).toEqual([1, PIECES.length, PIECES.length + 1, 2]);
  expect(model.encode('aéc')).toEqual([1, UNK]);
});
