/** A map from two non-negative 31-bit integers to a third, in flat arrays: about a tenth of what a Map of strings takes. */
export interface PairTable {
  /** The value of the pair, or -1. */
  get(first: number, second: number): number;
  /** A pair that is there already gets the new value. */
  set(first: number, second: number, value: number): void;
}

/** @param maxPairs how many different pairs may be set at most */
export function createPairTable(maxPairs: number): PairTable {
  const numSlots = 2 ** Math.ceil(Math.log2(Math.max(2, maxPairs) * 2));
  const mask = numSlots - 1;
  const firsts = new Int32Array(numSlots);
  const seconds = new Int32Array(numSlots);
  const values = new Int32Array(numSlots).fill(-1);
  // Without it, a file could be written so that all its pairs land in one place.
  const seed = Math.floor(Math.random() * 2 ** 32) | 1;
  const findSlot = (first: number, second: number): number => {
    let hash = Math.imul(first ^ seed, 0x9e3779b1) ^ Math.imul(second + seed, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let slot = (hash ^ (hash >>> 13)) & mask;
    while (values[slot] !== -1 && (firsts[slot] !== first || seconds[slot] !== second)) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    get: (first, second) => values[findSlot(first, second)]!,
    set(first, second, value) {
      const slot = findSlot(first, second);
      firsts[slot] = first;
      seconds[slot] = second;
      values[slot] = value;
    },
  };
}
