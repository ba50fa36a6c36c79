/** A queue that gives the smallest number first. */
export interface MinHeap {
  push(value: number): void;
  /** The smallest number, or undefined once empty. */
  pop(): number | undefined;
}

/** @param sizeHint about how many numbers are pushed */
export function createMinHeap(sizeHint: number): MinHeap {
  let values = new Float64Array(Math.max(16, sizeHint));
  let length = 0;
  return {
    push(value) {
      if (length === values.length) {
        const larger = new Float64Array(length * 2);
        larger.set(values);
        values = larger;
      }
      let hole = length++;
      while (hole > 0) {
        const parent = (hole - 1) >> 1;
        if (values[parent]! <= value) break;
        values[hole] = values[parent]!;
        hole = parent;
      }
      values[hole] = value;
    },
    pop() {
      if (length === 0) return undefined;
      const smallest = values[0]!;
      const last = values[--length]!;
      let hole = 0;
      for (let child = 1; child < length; child = 2 * hole + 1) {
        if (child + 1 < length && values[child + 1]! < values[child]!) child++;
        if (values[child]! >= last) break;
        values[hole] = values[child]!;
        hole = child;
      }
      values[hole] = last;
      return smallest;
    },
  };
}
