import { byteCharacters } from './byte-characters.ts';
import { createMinHeap } from './min-heap.ts';
import { createPairTable } from './pair-table.ts';
import type { TokenModel } from './token-model.ts';

/** In the queue, an entry is `rank * MAX_WORD_BYTES + position`, which must stay an exact integer. */
const MAX_WORD_BYTES = 2 ** 30;

/** The model of a byte-level BPE tokenizer.json. */
export interface BpeSettings {
  readonly vocab: ReadonlyMap<string, number>;
  /** By rank, three each: the ids of two tokens and of what they become. */
  readonly merges: Int32Array;
  /** Stands for bytes outside the vocabulary; null: they are left out, as the `tokenizers` package does. */
  readonly unkId: number | null;
  readonly fuseUnk: boolean;
}

/** The tokens of a word while they are merged: a linked list over the positions of its first bytes. */
interface Symbols {
  /** -1 once merged into the one before. */
  readonly ids: Int32Array;
  readonly previous: Int32Array;
  readonly next: Int32Array;
}

/**
 * Byte-pair encoding of a word's UTF-8 bytes, with the queue of the `tokenizers` package (`Word::merge_all`): the lowest rank first,
 * then the leftmost. Time is n log n in the word.
 */
export function createBpeModel({ vocab, merges, unkId, fuseUnk }: BpeSettings): TokenModel {
  const byteIds = byteCharacters().map((character) => vocab.get(character) ?? -1);
  const numRanks = merges.length / 3;
  const ranks = createPairTable(numRanks);
  for (let rank = 0; rank < numRanks; rank++) ranks.set(merges[rank * 3]!, merges[rank * 3 + 1]!, rank);

  const firstIds = (word: string): Int32Array => {
    const bytes = Buffer.from(word);
    const ids = new Int32Array(bytes.length);
    let length = 0;
    let lastIsUnknown = false;
    for (const byte of bytes) {
      const id = byteIds[byte]!;
      const isKnown = id !== -1;
      if (isKnown) ids[length++] = id;
      else if (unkId !== null && !(fuseUnk && lastIsUnknown)) ids[length++] = unkId;
      lastIsUnknown = !isKnown;
    }
    return ids.subarray(0, length);
  };

  const mergeAll = ({ ids, previous, next }: Symbols) => {
    const queue = createMinHeap(ids.length);
    const enqueue = (position: number, following: number) => {
      const rank = ranks.get(ids[position]!, ids[following]!);
      if (rank !== -1) queue.push(rank * MAX_WORD_BYTES + position);
    };
    for (let position = 0; position + 1 < ids.length; position++) enqueue(position, position + 1);
    for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
      const position = entry % MAX_WORD_BYTES;
      const merged = merges[((entry - position) / MAX_WORD_BYTES) * 3 + 2]!;
      const following = next[position]!;
      if (ids[position] === -1 || following === -1) continue;
      // An entry may be older than its tokens; it counts if they still become the same.
      const rank = ranks.get(ids[position]!, ids[following]!);
      if (rank === -1 || merges[rank * 3 + 2] !== merged) continue;
      ids[position] = merged;
      ids[following] = -1;
      const after = next[following]!;
      next[position] = after;
      if (after !== -1) previous[after] = position;
      if (previous[position] !== -1) enqueue(previous[position]!, position);
      if (after !== -1) enqueue(position, after);
    }
  };

  return {
    idOf: (token) => vocab.get(token),
    encode(word) {
      const ids = firstIds(word);
      mergeAll(chain(ids));
      return Array.from(ids.filter((id) => id !== -1));
    },
  };
}

/** By hand: `Int32Array.from` with a function takes longer than all the merging. */
function chain(ids: Int32Array): Symbols {
  const previous = new Int32Array(ids.length);
  const next = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    previous[i] = i - 1;
    next[i] = i + 1;
  }
  next[ids.length - 1] = -1;
  return { ids, previous, next };
}
