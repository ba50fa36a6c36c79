import { lengthsOfParts } from './part-lengths.ts';
import type { AnswerTo, GenerationProgress, SummarizationAnswer, SummarizationRequest, TextDivisionRequest } from './protocol.ts';
import type { SummarizeEvent, SummaryPart, SummaryResult } from './schemas.ts';
import { type Answered, joinedSummary, sumTimings, textOfParts, toPart } from './summary-parts.ts';
import { toSummaryResult } from './summary-request.ts';

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: GenerationProgress) => void) | undefined;
  /** Called for each that is answered. */
  readonly onAnswer?: (() => void) | undefined;
}

/** Asks a summarizer for several answers, which are made together; rejects as soon as one fails. */
type Ask = <Request extends SummarizationRequest | TextDivisionRequest>(
  requests: readonly Request[],
  options?: AskOptions,
) => Promise<readonly Answered<AnswerTo<Request>>[]>;

interface PartsOptions {
  readonly ask: Ask;
  readonly model: SummaryResult['model'];
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((event: SummarizeEvent) => void) | undefined;
  /** Told of a summary that was joined, which has no steps. */
  readonly onText: ((text: string) => void) | undefined;
  /** Told of each step towards the text that is the answer. */
  readonly onStep: (progress: GenerationProgress) => void;
}

/** As many as a runner answers together; between two such groups others have their turn. */
const GROUP_SIZE = 8;

/**
 * Summarizes a text of any length. One that the model can read as a whole is answered as it is. Any other is divided, and its parts
 * are summarized; their summaries are joined if together they are within the maximum length, else summarized in turn.
 * @throws OnnxPredictError INVALID_ARGUMENT, TEXT_TOO_LONG, and what the asking throws
 */
export async function summarizeInParts(request: SummarizationRequest, options: PartsOptions): Promise<SummaryResult> {
  const { ask, model, onText, onStep } = options;
  const all: Answered[][] = [];
  let parts: readonly SummaryPart[] | undefined;
  let { text } = request;
  let numLeft = Infinity;
  for (let round = 1; ; round++) {
    const [divided] = await ask([toDivisionRequest({ ...request, text })]);
    all.push([divided!]);
    const division = divided!.answer;
    // A model that writes more than it reads would never end.
    if (division.parts.length === 1 || division.parts.length >= numLeft) {
      const [concluded] = await ask([{ ...request, text }], { onProgress: onStep });
      all.push([concluded!]);
      const result = { ...toSummaryResult(concluded!.answer, { model, loadMs: 0, queueMs: 0 }), timings: sumTimings(all) };
      return parts === undefined ? result : { ...result, inputTokens: countInput(parts), merge: 'summarized', parts };
    }
    numLeft = division.parts.length;
    const summaries = await summarizeGroups(toPartRequests({ ...request, text }, division), { ...options, round });
    all.push(...summaries);
    const roundParts = summaries.flat().map(({ answer }, place) => toPart(answer, division.parts[place]!));
    parts ??= roundParts;
    const { maxLength } = division.lengths;
    if (roundParts.reduce((sum, { outputTokens }) => sum + outputTokens, 0) <= maxLength) {
      const joined = joinedSummary(roundParts);
      onText?.(joined.summary);
      const merge = round === 1 ? 'joined' : 'summarized';
      const read = { inputTokens: countInput(parts), droppedTokens: 0, truncated: false };
      return { ...joined, ...read, merge, parts, model, timings: sumTimings(all) };
    }
    text = textOfParts(roundParts);
  }
}

/** What the parts of a text are asked for with. */
export function toDivisionRequest({ text, prefix, generation, defaults }: SummarizationRequest): TextDivisionRequest {
  return { task: 'text-division', text, prefix, generation, defaults };
}

function toPartRequests(
  request: SummarizationRequest,
  { parts, lengths }: AnswerTo<TextDivisionRequest>,
): SummarizationRequest[] {
  const { text, generation } = request;
  const partLengths = lengthsOfParts(
    lengths,
    parts.map(({ inputTokens }) => inputTokens),
  );
  return parts.map(({ start, end }, place) => ({
    ...request,
    text: text.slice(start, end),
    truncate: 'error',
    generation: { ...generation, ...partLengths[place]!, minNewTokens: null, maxNewTokens: null },
    withText: false,
  }));
}

/** Asks for one group of answers after the other. If one fails, the others of its group are stopped. */
async function summarizeGroups(
  requests: readonly SummarizationRequest[],
  { ask, signal, onProgress, round }: PartsOptions & { readonly round: number },
): Promise<Answered<SummarizationAnswer>[][]> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let numDone = 0;
  const tell = () => onProgress?.({ type: 'parts', round, numDone, numParts: requests.length });
  const groups: Answered<SummarizationAnswer>[][] = [];
  try {
    tell();
    for (let first = 0; first < requests.length; first += GROUP_SIZE) {
      const onAnswer = () => {
        numDone += 1;
        tell();
      };
      signal?.throwIfAborted();
      groups.push([...(await ask(requests.slice(first, first + GROUP_SIZE), { signal: controller.signal, onAnswer }))]);
    }
    return groups;
  } finally {
    signal?.removeEventListener('abort', abort);
    controller.abort();
  }
}

function countInput(parts: readonly SummaryPart[]): number {
  return parts.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
}
