/** The best candidates, best first; equal scores by index, as PyTorch's `topk` has them on a CPU. */
export class TopK {
  readonly scores: Float32Array; // [k]
  readonly indices: Int32Array; // [k]
  #size = 0;

  constructor(k: number) {
    this.scores = new Float32Array(k);
    this.indices = new Int32Array(k);
  }

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
  }

  /** Offers `addend + values[i]`, rounded to float32, as candidate `firstIndex + i`. Indices must come in rising order. */
  offer(values: Float32Array, firstIndex: number, addend = 0): void {
    const k = this.scores.length;
    let i = 0;
    for (; i < values.length && this.#size < k; i++) this.#insert(Math.fround(values[i]! + addend), firstIndex + i);
    let threshold = this.scores[k - 1]!;
    for (; i < values.length; i++) {
      const score = Math.fround(values[i]! + addend);
      if (score <= threshold) continue;
      this.#size--;
      this.#insert(score, firstIndex + i);
      threshold = this.scores[k - 1]!;
    }
  }

  #insert(score: number, index: number): void {
    const { scores, indices } = this;
    let place = this.#size++;
    for (; place > 0 && scores[place - 1]! < score; place--) {
      scores[place] = scores[place - 1]!;
      indices[place] = indices[place - 1]!;
    }
    scores[place] = score;
    indices[place] = index;
  }
}
