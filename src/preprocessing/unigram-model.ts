import { buildTextTrie, findText } from './text-trie.ts';
import type { TokenModel } from './token-model.ts';

/** SentencePiece's price of an unknown character, below the worst piece. */
const UNKNOWN_PENALTY = 10;
const SCRATCH_LENGTH = 4096;

/** The model of a T5 or mBART tokenizer.json. */
export interface UnigramSettings {
  /** Piece and log probability, by id. */
  readonly pieces: readonly (readonly [piece: string, score: number])[];
  readonly unkId: number;
  readonly byteFallback: boolean;
}

/** Best paths by end position, in UTF-16 code units. */
interface Lattice {
  readonly scores: Float64Array;
  /** Where the last piece of the best path starts; -1 where no path ends. */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}

/**
 * SentencePiece's unigram model: the ids of the best path through `word`, found as the `tokenizers` package does
 * (`encode_optimized`): neighbouring unknown characters are one unknown token. Time is linear in the word, times the longest piece.
 */
export function createUnigramModel({ pieces, unkId, byteFallback }: UnigramSettings): TokenModel {
  const trie = buildTextTrie(pieces.map(([piece]) => piece));
  const scores = Float64Array.from(pieces, ([, score]) => score);
  const unkScore = scores.reduce((worst, score) => Math.min(worst, score), Infinity) - UNKNOWN_PENALTY;
  const byteIds = byteFallback ? Array.from({ length: 256 }, (_, byte) => findText(trie, byteToken(byte))) : null;
  const scratch = createLattice(SCRATCH_LENGTH);

  const idsOfUnknown = (text: string): readonly number[] => {
    const known = findText(trie, text);
    if (known !== undefined) return [known];
    const bytes = byteIds === null ? [undefined] : Array.from(Buffer.from(text), (byte) => byteIds[byte]);
    return bytes.every((id) => id !== undefined) ? bytes : [unkId];
  };

  const encode = (word: string): readonly number[] => {
    const lattice = word.length <= SCRATCH_LENGTH ? scratch : createLattice(word.length);
    lattice.starts.fill(-1, 0, word.length + 1);
    lattice.scores[0] = 0;
    for (let start = 0; start < word.length; ) {
      const width = word.codePointAt(start)! > 0xffff ? 2 : 1;
      if (!extendPaths(lattice, word, start, width)) reach(lattice, start, start + width, unkScore, unkId);
      start += width;
    }
    return readBestPath(lattice, word);
  };
  return { encode, idOf: (token) => findText(trie, token) };

  /** Extends the best path to `start` by every piece there; tells whether one of them is the single character. */
  function extendPaths(lattice: Lattice, word: string, start: number, width: number): boolean {
    let hasSingle = false;
    let node = 0;
    for (let end = start; end < word.length; ) {
      node = trie.next(node, word.charCodeAt(end));
      if (node === -1) break;
      end++;
      const id = trie.indexAt(node);
      if (id === -1) continue;
      reach(lattice, start, end, scores[id]!, id);
      if (end - start === width) hasSingle = true;
    }
    return hasSingle;
  }

  function readBestPath(lattice: Lattice, word: string): readonly number[] {
    const path: number[] = [];
    for (let end = word.length; end > 0; ) {
      let start = lattice.starts[end]!;
      if (lattice.ids[end] !== unkId) path.push(lattice.ids[end]!);
      else {
        while (start > 0 && lattice.ids[start] === unkId) start = lattice.starts[start]!;
        const unknown = idsOfUnknown(word.slice(start, end));
        for (let i = unknown.length - 1; i >= 0; i--) path.push(unknown[i]!);
      }
      end = start;
    }
    return path.reverse();
  }
}

function reach({ scores, starts, ids }: Lattice, start: number, end: number, score: number, id: number): void {
  const total = score + scores[start]!;
  if (starts[end] !== -1 && !(total > scores[end]!)) return;
  scores[end] = total;
  starts[end] = start;
  ids[end] = id;
}

function createLattice(length: number): Lattice {
  return { scores: new Float64Array(length + 1), starts: new Int32Array(length + 1), ids: new Int32Array(length + 1) };
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}
