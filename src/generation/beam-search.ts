import { createAgreedTokens } from './agreed-tokens.ts';
import { createBeamHypotheses, EXCLUDED } from './beam-hypotheses.ts';
import type { Logits } from './decoder.ts';
import type { GenerationConfig } from './generation-config.ts';
import { checkLogProbs, logSoftmax } from './log-softmax.ts';
import { canBanAll, createLogitsProcessor } from './logits-processors.ts';
import type { TokenSearch } from './token-search.ts';
import { createTopK } from './top-k.ts';

/** Follows the `numBeams` likeliest texts at once, after `_beam_search` of transformers 5.18, with its float32 rounding. */
export function createBeamSearch(config: GenerationConfig): TokenSearch {
  const { numBeams, maxLength, eosTokenIds, decoderStartTokenId, earlyStopping } = config;
  const processScores = createLogitsProcessor(config);
  const hypotheses = createBeamHypotheses(config);
  // So many that numBeams of them can go on even if the best candidates of every beam are all the ends.
  const candidates = createTopK(Math.max(2, 1 + eosTokenIds.length) * numBeams);
  /** The candidates' scores, with those that are finished put far down. */
  const runningScores = new Float32Array(candidates.scores.length);
  const running = createTopK(numBeams);
  // The beams start equal: only the first one counts, or all would choose the same tokens.
  const sums = new Float32Array(numBeams).fill(EXCLUDED, 1); // sums of log-probabilities
  const inputIds = new Int32Array(numBeams).fill(decoderStartTokenId);
  const parents = new Int32Array(numBeams);
  let tokens = new Int32Array(numBeams * maxLength); // [numBeams, maxLength]
  let nextTokens = new Int32Array(numBeams * maxLength); // [numBeams, maxLength]
  for (let beam = 0; beam < numBeams; beam++) tokens[beam * maxLength] = decoderStartTokenId;
  let length = 1;
  const agreed = createAgreedTokens(maxLength);

  // At the first step all beams share one row.
  const numRows = () => (length === 1 ? 1 : numBeams);
  const tokensOf = (beam: number) => tokens.subarray(beam * maxLength, beam * maxLength + length);

  /** The best continuations of all beams; a candidate's index is beam * vocabSize + token. */
  function findCandidates({ data, vocabSize, normalized }: Logits): void {
    const rows = Array.from({ length: numRows() }, (_, row) => data.subarray(row * vocabSize, (row + 1) * vocabSize));
    rows.forEach((scores, row) => {
      if (normalized) checkLogProbs(scores);
      else logSoftmax(scores);
      processScores(scores, tokensOf(row));
    });
    candidates.clear();
    for (let beam = 0; beam < numBeams; beam++) {
      candidates.offer(rows[beam % rows.length]!, beam * vocabSize, sums[beam]!);
    }
  }

  /** Of the candidates that are finished, only those among the best numBeams become hypotheses. */
  function takeFinished(vocabSize: number, atEnd: boolean): void {
    candidates.scores.forEach((score, place) => {
      const candidate = candidates.indices[place]!;
      const token = candidate % vocabSize;
      const finished = atEnd || eosTokenIds.includes(token);
      runningScores[place] = finished ? score + EXCLUDED : score;
      if (!finished || place >= numBeams) return;
      hypotheses.add(score, length + 1, () => [...tokensOf(Math.floor(candidate / vocabSize)), token]);
    });
  }

  function goOn(vocabSize: number): void {
    running.clear();
    running.offer(runningScores, 0);
    running.indices.forEach((place, beam) => {
      const candidate = candidates.indices[place]!;
      const parent = Math.floor(candidate / vocabSize);
      nextTokens.set(tokensOf(parent), beam * maxLength);
      nextTokens[beam * maxLength + length] = candidate % vocabSize;
      inputIds[beam] = candidate % vocabSize;
      parents[beam] = parent % numRows();
    });
    sums.set(running.scores);
    [tokens, nextTokens] = [nextTokens, tokens];
    length++;
  }

  /** The answer is the best that is finished, or will go on from a beam that can still become better. */
  function agree(vocabSize: number): void {
    const best = hypotheses.best();
    // Without any token left the answer would be the start alone.
    if (best === undefined && canBanAll(config, vocabSize)) return;
    const rivals: ArrayLike<number>[] = best === undefined ? [] : [best.tokens];
    sums.forEach((sum, beam) => {
      if (hypotheses.canWin(sum, length)) rivals.push(tokensOf(beam));
    });
    agreed.extend(rivals);
  }

  function advance(logits: Logits): boolean {
    const { vocabSize } = logits;
    const atEnd = length + 1 >= maxLength;
    findCandidates(logits);
    takeFinished(vocabSize, atEnd);
    goOn(vocabSize);
    agree(vocabSize);
    return atEnd || !hypotheses.canImprove(sums[0]!, length) || (earlyStopping === true && hypotheses.full());
  }

  return {
    inputIds,
    parents,
    takesLogProbs: true,
    numRows,
    advance,
    numTokens: () => hypotheses.best()?.tokens.length ?? length,
    final: agreed.tokens,
    sequences: hypotheses.sequences,
  };
}
