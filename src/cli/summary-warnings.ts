import type { SummaryResult } from '../schemas.ts';

/** What a reader of a summary should know of it, a sentence each. */
export function summaryWarnings({ inputTokens, droppedTokens, merge, parts, unsupported }: SummaryResult): readonly string[] {
  const warnings: string[] = [];
  if (parts !== undefined) {
    const fate = merge === 'joined' ? 'their summaries were joined' : 'their summaries were summarized in turn';
    warnings.push(`the text is long: it was summarized in ${parts.length} parts, and ${fate}.`);
  }
  if (droppedTokens > 0) {
    const read = `the model read its first ${inputTokens} tokens, and ${droppedTokens} were cut off`;
    warnings.push(`the text is too long: ${read}.`);
  }
  const { numbers = [], names = [] } = unsupported ?? {};
  for (const { text } of numbers) warnings.push(`the summary says "${text}", a number that the text does not have.`);
  for (const { text } of names) warnings.push(`the summary says "${text}", a name that the text does not have.`);
  return warnings;
}
