/** The best candidates of all that were offered, best first; equal scores by index, as PyTorch's `topk` has them on a CPU. */
export interface TopK {
  readonly scores: Float32Array; // [k]
  readonly indices: Int32Array; // [k]
  /** Offers `values[i] + addend`, rounded to float32, as candidate `firstIndex + i`. Indices must come in rising order. */
  offer(values: Float32Array, firstIndex: number, addend?: number): void;
  clear(): void;
}

/** A selection that is used again and again. It is full once `k` candidates were offered. */
export function createTopK(k: number): TopK {
  const scores = new Float32Array(k);
  const indices = new Int32Array(k);
  let size = 0;

  function insert(score: number, index: number): void {
    let place = size++;
    for (; place > 0 && scores[place - 1]! < score; place--) {
      scores[place] = scores[place - 1]!;
      indices[place] = indices[place - 1]!;
    }
    scores[place] = score;
    indices[place] = index;
  }

  function offer(values: Float32Array, firstIndex: number, addend = 0): void {
    let i = 0;
    for (; i < values.length && size < k; i++) insert(Math.fround(values[i]! + addend), firstIndex + i);
    let threshold = scores[k - 1]!;
    for (; i < values.length; i++) {
      const score = Math.fround(values[i]! + addend);
      if (score <= threshold) continue;
      size--;
      insert(score, firstIndex + i);
      threshold = scores[k - 1]!;
    }
  }

  return {
    scores,
    indices,
    offer,
    clear() {
      size = 0;
    },
  };
}
