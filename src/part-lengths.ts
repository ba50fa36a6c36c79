/** How long a text's summary may be, and how much of a text its model reads at once. */
export interface SummaryLengths {
  readonly minLength: number;
  readonly maxLength: number;
  readonly maxInputTokens: number;
}

/** The lengths of one part's summary. */
export interface PartLengths {
  readonly minLength: number;
  readonly maxLength: number;
}

/** A sentence or two: where each part's summary may have so many tokens on average, they stand beside each other. */
const ENOUGH_TO_SAY = 48;
const MIN_LENGTH_OF_PART = 16;
/** A summary that is summarized again is at most this share of what a model reads, so that each round leaves much less. */
const ROUND_SHARE = 4;

/**
 * Says how long the summary of each part may be, by how many tokens each has. If the maximum leaves every part enough to say
 * something, each gets its share of it: together they are a summary within the lengths. Otherwise they will be summarized once more,
 * and each may be as long as if it were alone, within what a round may leave.
 */
export function lengthsOfParts(
  { minLength, maxLength, maxInputTokens }: SummaryLengths,
  inputTokens: readonly number[],
): readonly PartLengths[] {
  const total = inputTokens.reduce((sum, count) => sum + count, 0);
  const standBeside = maxLength / inputTokens.length >= ENOUGH_TO_SAY;
  const longest = Math.min(maxLength, Math.max(MIN_LENGTH_OF_PART, Math.floor(maxInputTokens / ROUND_SHARE)));
  return inputTokens.map((count) => {
    const share = count / total;
    const max = standBeside ? Math.min(maxLength, Math.max(MIN_LENGTH_OF_PART, Math.floor(maxLength * share))) : longest;
    const min = standBeside ? Math.ceil(minLength * share) : minLength;
    // More than a short part has to say is not asked of it.
    return { minLength: Math.min(min, max, Math.floor(count / ROUND_SHARE)), maxLength: max };
  });
}
