import { createBeamSearch } from './beam-search.ts';
import type { Decoder, DecoderStep, Logits } from './decoder.ts';
import type { GenerationConfig } from './generation-config.ts';
import { createGreedySearch } from './greedy-search.ts';
import type { GeneratedSequence, TokenSearch } from './token-search.ts';

/** How far one text is. */
interface GenerationProgress {
  /** Of the best text so far, start token included. */
  readonly numTokens: number;
  /** What that text begins with in the end, whatever comes; all calls' are beginnings of the next one's. */
  readonly finalIds: Int32Array; // [length]
  readonly maxLength: number;
}

/** One text to answer. Texts of one batch may differ in everything. */
export interface GenerationRequest {
  /** What the encoder reads, end token included; not empty, and not longer than the model's positions. */
  readonly inputIds: readonly number[];
  readonly config: GenerationConfig;
  /** Aborting drops this text at the next step, and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step of this text. */
  readonly onStep?: ((progress: GenerationProgress) => void) | undefined;
}

/** One text's answer. */
export interface GenerationResult {
  /** Best first: `numReturnSequences` of them. */
  readonly sequences: readonly GeneratedSequence[];
  /** Milliseconds until this text was finished, and the steps that it took. */
  readonly timings: { readonly encodeMs: number; readonly decodeMs: number; readonly steps: number };
}

/** A text in the batch. */
interface ActiveText {
  readonly request: GenerationRequest;
  readonly search: TokenSearch;
  readonly resolve: (result: GenerationResult) => void;
  readonly reject: (reason: unknown) => void;
  /** Where its rows begin in the decoder's last step; before the first one, its place among the texts that were started. */
  firstRow: number;
}

/**
 * Answers texts together, in one loop over the decoder's steps, each as it would be answered alone. Each promise settles when
 * its text leaves the batch: it is finished, it is aborted, or the decoder failed.
 */
export function generate(decoder: Decoder, requests: readonly GenerationRequest[]): readonly Promise<GenerationResult>[] {
  const texts: ActiveText[] = [];
  const results = requests.map(
    (request) =>
      new Promise<GenerationResult>((resolve, reject) => {
        const { config } = request;
        const search = config.numBeams === 1 ? createGreedySearch(config) : createBeamSearch(config);
        texts.push({ request, search, resolve, reject, firstRow: 0 });
      }),
  );
  // A caller that waits for one text must not be ended by the failure of another.
  for (const result of results) result.catch(() => {});
  run(decoder, texts).catch((error: unknown) => {
    // Texts that are settled already do not mind.
    for (const { reject } of texts) reject(error);
  });
  return results;
}

async function run(decoder: Decoder, texts: readonly ActiveText[]): Promise<void> {
  const startMs = performance.now();
  let active = dropAborted(texts);
  if (active.length === 0) return;
  const inputs = active.map(({ request }) => request.inputIds);
  const batch = await decoder.start(inputs, active[0]!.request.config.padTokenId);
  active.forEach((text, place) => {
    text.firstRow = place;
  });
  const encodedMs = performance.now();
  const encodeMs = encodedMs - startMs;
  for (let steps = 1; ; steps++) {
    active = dropAborted(active);
    if (active.length === 0) return;
    const logits = await batch.step(nextStep(active));
    active = advance(active, logits, () => ({ encodeMs, decodeMs: performance.now() - encodedMs, steps }));
  }
}

function dropAborted(texts: readonly ActiveText[]): readonly ActiveText[] {
  return texts.filter(({ request: { signal }, reject }) => {
    if (signal?.aborted === true) reject(signal.reason);
    return signal?.aborted !== true;
  });
}

/** Lays the rows of the texts that go on one after the other. */
function nextStep(texts: readonly ActiveText[]): DecoderStep {
  const numRows = texts.reduce((sum, { search }) => sum + search.numRows(), 0);
  const inputIds = new Int32Array(numRows);
  const parents = new Int32Array(numRows);
  let row = 0;
  for (const text of texts) {
    const { search, firstRow } = text;
    const end = row + search.numRows();
    text.firstRow = row;
    for (let i = 0; row < end; i++, row++) {
      inputIds[row] = search.inputIds[i]!;
      parents[row] = firstRow + search.parents[i]!;
    }
  }
  return { inputIds, parents, logProbs: texts.every(({ search }) => search.takesLogProbs) };
}

/** Gives each text the logits of its rows. Returns those that go on. */
function advance(
  texts: readonly ActiveText[],
  { data, ...kind }: Logits,
  timings: () => GenerationResult['timings'],
): readonly ActiveText[] {
  return texts.filter(({ request, search, resolve, reject, firstRow }) => {
    try {
      const rows = data.subarray(firstRow * kind.vocabSize, (firstRow + search.numRows()) * kind.vocabSize);
      const finished = search.advance({ data: rows, ...kind });
      request.onStep?.({ numTokens: search.numTokens(), finalIds: search.final(), maxLength: request.config.maxLength });
      if (finished) resolve({ sequences: search.sequences(), timings: timings() });
      return !finished;
    } catch (error) {
      reject(error);
      return false;
    }
  });
}
