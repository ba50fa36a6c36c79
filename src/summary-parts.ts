import type { SummarizationAnswer, TextDivisionAnswer } from './protocol.ts';
import type { GeneratedSummary, SummaryPart, SummaryResult } from './schemas.ts';
import { endsSentence } from './sentence-ends.ts';

/** An answer of a summarizer, and what it waited for. */
export interface Answered<Answer extends SummarizationAnswer | TextDivisionAnswer = SummarizationAnswer | TextDivisionAnswer> {
  readonly answer: Answer;
  readonly loadMs: number;
  readonly queueMs: number;
}

/** Stands in a joined summary where the maximum length cut a part's summary. */
const CUT = ' …';

/** A part's answer as a program gets it. */
export function toPart({ sequences, inputTokens }: SummarizationAnswer, { start, end }: SummaryPart['source']): SummaryPart {
  const { summary, outputIds, score, stopReason } = sequences[0]!;
  return { summary, source: { start, end }, inputTokens, outputTokens: outputIds.length, outputIds, score, stopReason };
}

/** The summaries of parts as one text that is summarized in turn. */
export function textOfParts(parts: readonly SummaryPart[]): string {
  return summariesOf(parts).join('\n');
}

/** The summaries of parts, one after the other, as one summary. */
export function joinedSummary(parts: readonly SummaryPart[]): GeneratedSummary & Pick<SummaryResult, 'outputTokens'> {
  const summaries = summariesOf(parts);
  const marked = summaries.map((summary, place) =>
    place === summaries.length - 1 || endsSentence(summary, summary.length) ? summary : `${summary}${CUT}`,
  );
  const outputIds = parts.flatMap((part) => part.outputIds);
  return {
    summary: marked.join(' '),
    outputIds,
    outputTokens: outputIds.length,
    score: null,
    stopReason: parts.some(({ stopReason }) => stopReason === 'length') ? 'length' : 'eos',
  };
}

/**
 * Times of groups that were answered one after the other: what each waited for the model and for others once for each group, all else
 * for each answer.
 */
export function sumTimings(groups: readonly (readonly Answered[])[]): SummaryResult['timings'] {
  const least = (key: 'loadMs' | 'queueMs') =>
    groups.reduce((sum, group) => sum + Math.min(...group.map((answered) => answered[key])), 0);
  const timings = groups.flat().map(({ answer }) => answer.timings);
  const total = (key: 'tokenizeMs' | 'encodeMs' | 'decodeMs' | 'steps') =>
    timings.reduce((sum, timing) => sum + (key in timing ? (timing as SummarizationAnswer['timings'])[key] : 0), 0);
  return {
    loadMs: least('loadMs'),
    queueMs: least('queueMs'),
    tokenizeMs: total('tokenizeMs'),
    encodeMs: total('encodeMs'),
    decodeMs: total('decodeMs'),
    steps: total('steps'),
  };
}

function summariesOf(parts: readonly SummaryPart[]): readonly string[] {
  return parts.map(({ summary }) => summary.trim()).filter((summary) => summary !== '');
}
