import type { Decoder, DecoderBatch, DecoderStep } from '../../../src/generation/decoder.ts';

/** Numbers from 0 to 1 that depend on `seed` alone. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The logits after the tokens so far: they depend on the text, on the last two tokens and on nothing else. */
export function markovLogits(inputIds: readonly number[], tokens: readonly number[], vocabSize: number): Float32Array {
  const state = [...inputIds, -1, tokens.at(-2) ?? -1, tokens.at(-1)!].reduce((hash, id) => Math.imul(hash, 31) + id + 7, 17);
  const next = random(state);
  return Float32Array.from({ length: vocabSize }, () => 6 * next() - 3);
}

/** The same of a model that is mostly sure: after two of three tokens one is far likelier than all others. */
export function peakedLogits(inputIds: readonly number[], tokens: readonly number[], vocabSize: number): Float32Array {
  const logits = markovLogits(inputIds, tokens, vocabSize);
  if (tokens.at(-1)! % 3 > 0) logits[logits.indexOf(Math.max(...logits))]! += 9;
  return logits;
}

/** A decoder whose rows remember their text and tokens, and which notes how many rows each step had. */
export class MarkovDecoder implements Decoder {
  readonly rowsOfSteps: number[] = [];
  readonly #vocabSize: number;
  readonly #onStep: (step: number) => void;
  readonly #logitsAfter: typeof markovLogits;

  constructor(vocabSize: number, onStep: (step: number) => void = () => {}, logitsAfter = markovLogits) {
    this.#vocabSize = vocabSize;
    this.#onStep = onStep;
    this.#logitsAfter = logitsAfter;
  }

  async start(texts: readonly (readonly number[])[]): Promise<DecoderBatch> {
    let rows = texts.map((inputIds) => ({ inputIds, tokens: [] as readonly number[] }));
    const step = async ({ inputIds, parents }: DecoderStep) => {
      this.rowsOfSteps.push(inputIds.length);
      this.#onStep(this.rowsOfSteps.length);
      rows = Array.from(parents, (parent, row) => {
        const { inputIds: text, tokens } = rows[parent]!;
        return { inputIds: text, tokens: [...tokens, inputIds[row]!] };
      });
      const data = new Float32Array(rows.length * this.#vocabSize);
      rows.forEach((row, place) => {
        data.set(this.#logitsAfter(row.inputIds, row.tokens, this.#vocabSize), place * this.#vocabSize);
      });
      return { data, vocabSize: this.#vocabSize, normalized: false };
    };
    return { step };
  }
}
