import type { Logits } from './decoder.ts';
import type { GenerationConfig } from './generation-config.ts';
import { argmax } from './log-softmax.ts';
import { createLogitsProcessor } from './logits-processors.ts';
import { stopReason, type TokenSearch } from './token-search.ts';

/** Takes the likeliest token at every step. */
export function createGreedySearch(config: GenerationConfig): TokenSearch {
  const { maxLength, eosTokenIds, decoderStartTokenId } = config;
  const processLogits = createLogitsProcessor(config);
  const tokens = new Int32Array(maxLength);
  const inputIds = Int32Array.of(decoderStartTokenId);
  tokens[0] = decoderStartTokenId;
  let length = 1;

  const final = () => tokens.subarray(0, length);

  function advance({ data }: Logits): boolean {
    processLogits(data, final());
    const token = argmax(data);
    tokens[length++] = token;
    inputIds[0] = token;
    return eosTokenIds.includes(token) || length >= maxLength;
  }

  return {
    inputIds,
    parents: Int32Array.of(0),
    takesLogProbs: false,
    numRows: () => 1,
    numTokens: () => length,
    final,
    advance,
    sequences() {
      const outputIds = [...final()];
      return [{ outputIds, score: null, stopReason: stopReason(outputIds, eosTokenIds) }];
    },
  };
}
