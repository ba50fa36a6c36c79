import type { GenerationConfig } from './generation-config.ts';
import { argmax } from './log-softmax.ts';
import { createLogitsProcessor, type LogitsProcessor } from './logits-processors.ts';
import { type GeneratedSequence, stopReason, type TokenSearch } from './token-search.ts';

/** Takes the likeliest token at every step. */
export class GreedySearch implements TokenSearch {
  readonly inputIds = new Int32Array(1);
  readonly parents = new Int32Array(1);
  readonly numRows = 1;
  readonly #config: GenerationConfig;
  readonly #process: LogitsProcessor;
  readonly #tokens: Int32Array; // [maxLength]
  #length = 1;

  constructor(config: GenerationConfig) {
    this.#config = config;
    this.#process = createLogitsProcessor(config);
    this.#tokens = new Int32Array(config.maxLength);
    this.#tokens[0] = config.decoderStartTokenId;
    this.inputIds[0] = config.decoderStartTokenId;
  }

  get best(): Int32Array {
    return this.#tokens.subarray(0, this.#length);
  }

  advance(logits: Float32Array): boolean {
    this.#process(logits, this.best);
    const token = argmax(logits);
    this.#tokens[this.#length++] = token;
    this.inputIds[0] = token;
    return this.#config.eosTokenIds.includes(token) || this.#length >= this.#config.maxLength;
  }

  sequences(): readonly GeneratedSequence[] {
    const outputIds = [...this.best];
    return [{ outputIds, score: null, stopReason: stopReason(outputIds, this.#config.eosTokenIds) }];
  }
}
