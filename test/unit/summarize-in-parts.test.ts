import { describe, expect, test } from 'vitest';
import type {
  AnswerTo,
  GenerationProgress,
  SummarizationAnswer,
  SummarizationRequest,
  TextDivisionAnswer,
  TextDivisionRequest,
} from '../../src/protocol.ts';
import type { SummarizeEvent } from '../../src/schemas.ts';
import { summarizeInParts } from '../../src/summarize-in-parts.ts';

const WORDS_PER_PART = 100;
const MODEL = { id: 'fake', revision: null, dtype: 'fp32' } as const;

interface Fake {
  readonly maxLength?: number;
  /** What a summary of so many words has. */
  readonly summarize?: (words: readonly string[], request: SummarizationRequest) => readonly string[];
  readonly failAt?: string;
}

/** A model that reads 100 words, whose summary is every fourth of them up to the maximum. */
function fakeModel({ maxLength = 50, summarize = (words) => words.filter((_, i) => i % 4 === 0), failAt }: Fake = {}) {
  const groups: SummarizationRequest[][] = [];
  const asked: { readonly text: string; readonly signal: AbortSignal | undefined }[] = [];

  function divide({ text }: TextDivisionRequest): TextDivisionAnswer {
    const words = [...text.matchAll(/\S+/g)];
    const parts = Array.from({ length: Math.ceil(words.length / WORDS_PER_PART) }, (_, place) => {
      const own = words.slice(place * WORDS_PER_PART, (place + 1) * WORDS_PER_PART);
      const last = own.at(-1)!;
      return { start: own[0]!.index, end: last.index + last[0].length, inputTokens: own.length };
    });
    return {
      task: 'text-division',
      parts,
      lengths: { minLength: 0, maxLength, maxInputTokens: WORDS_PER_PART },
      timings: { tokenizeMs: 1 },
    };
  }

  function answer(request: SummarizationRequest): SummarizationAnswer {
    const { text, generation } = request;
    const all = text.split(/\s+/);
    const words = summarize(all, request).slice(0, generation.maxLength ?? maxLength);
    const outputIds = words.map((_, id) => id);
    return {
      task: 'summarization',
      inputTokens: Math.min(all.length, WORDS_PER_PART),
      droppedTokens: Math.max(0, all.length - WORDS_PER_PART),
      sequences: [{ summary: words.join(' '), outputIds, score: -1, stopReason: 'eos' }],
      timings: { tokenizeMs: 1, encodeMs: 2, decodeMs: 3, steps: 4 },
    };
  }

  async function ask<Request extends SummarizationRequest | TextDivisionRequest>(
    requests: readonly Request[],
    options: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: ((progress: GenerationProgress) => void) | undefined;
      readonly onAnswer?: (() => void) | undefined;
    } = {},
  ) {
    const summaries = requests.filter((request): request is Request & SummarizationRequest => request.task === 'summarization');
    if (summaries.length > 0) groups.push(summaries);
    for (const { text } of summaries) asked.push({ text, signal: options.signal });
    return Promise.all(
      requests.map(async (request) => {
        if (failAt !== undefined && request.task === 'summarization' && request.text.startsWith(failAt))
          throw new Error('failed');
        const made = request.task === 'summarization' ? answer(request) : divide(request);
        await Promise.resolve();
        options.onAnswer?.();
        if (request.task === 'summarization') options.onProgress?.({ outputTokens: 1, maxLength, text: '' });
        return { answer: made as AnswerTo<Request>, loadMs: 10, queueMs: 5 };
      }),
    );
  }

  return { ask, groups, asked };
}

function requestOf(numWords: number): SummarizationRequest {
  const text = Array.from({ length: numWords }, (_, i) => `w${i}`).join(' ');
  return { task: 'summarization', text, prefix: undefined, truncate: 'end', generation: {}, defaults: {}, withText: false };
}

async function run(request: SummarizationRequest, fake: Fake = {}, signal?: AbortSignal) {
  const model = fakeModel(fake);
  const events: SummarizeEvent[] = [];
  const texts: string[] = [];
  const result = await summarizeInParts(request, {
    ask: model.ask,
    model: MODEL,
    signal,
    onProgress: (event) => events.push(event),
    onText: (text) => texts.push(text),
    onStep: () => texts.push('step'),
  });
  return { result, events, texts, ...model };
}

describe('a text in parts', () => {
  test('that the model can read is answered as it is', async () => {
    const request = requestOf(80);
    const { result, groups, events } = await run(request);
    expect(groups).toEqual([[request]]);
    expect(events).toEqual([]);
    expect(result).not.toHaveProperty('parts');
    expect(result).toMatchObject({ inputTokens: 80, droppedTokens: 0, timings: { loadMs: 20, queueMs: 10, tokenizeMs: 2 } });
  });

  test('is the joined summaries where they are within the maximum', async () => {
    const { result, groups, texts } = await run(requestOf(200), { maxLength: 96 });
    expect(groups).toHaveLength(1);
    expect(groups[0]!.map(({ generation }) => generation)).toEqual([
      { minLength: 0, maxLength: 48, minNewTokens: null, maxNewTokens: null },
      { minLength: 0, maxLength: 48, minNewTokens: null, maxNewTokens: null },
    ]);
    expect(result.merge).toBe('joined');
    expect(result.summary).toBe(`${result.parts![0]!.summary} … ${result.parts![1]!.summary}`);
    expect(texts).toEqual([result.summary]);
    expect(result).toMatchObject({ outputTokens: 50, score: null, inputTokens: 200, droppedTokens: 0, truncated: false });
    expect(result.timings).toEqual({ loadMs: 20, queueMs: 10, tokenizeMs: 3, encodeMs: 4, decodeMs: 6, steps: 8 });
  });

  test('is summarized in rounds until its summary is within the maximum, and its parts are those of the text', async () => {
    const request = requestOf(3000);
    const { result, groups, events, texts } = await run(request);
    expect(groups.map((group) => group.length)).toEqual([8, 8, 8, 6, 8, 2]);
    expect(groups.map((group) => group[0]!.truncate)).toEqual(['error', 'error', 'error', 'error', 'error', 'error']);
    expect(result.merge).toBe('summarized');
    expect(result.parts).toHaveLength(30);
    for (const { source, summary } of result.parts!) {
      expect(request.text.slice(source.start, source.end).split(' ')[0]).toBe(summary.split(' ')[0]);
    }
    expect(result).toMatchObject({ inputTokens: 3000, droppedTokens: 0, truncated: false });
    expect(events.at(0)).toEqual({ type: 'parts', round: 1, numDone: 0, numParts: 30 });
    expect(events).toContainEqual({ type: 'parts', round: 1, numDone: 30, numParts: 30 });
    expect(events).toContainEqual({ type: 'parts', round: 2, numDone: 8, numParts: 8 });
    expect(texts).toHaveLength(1);
  });

  test('ends even with a model that writes as much as it reads, and says what was dropped', async () => {
    const { result } = await run(requestOf(300), {
      maxLength: 20,
      summarize: (words) => words.flatMap((word) => [word, word, word]),
    });
    expect(result.outputTokens).toBeLessThanOrEqual(20);
    const endless = await run(requestOf(300), {
      maxLength: 20,
      summarize: (_, { text }) => Array.from({ length: 16 }, () => `${text.slice(0, 3)} ${'x '.repeat(20)}`),
    });
    expect(endless.result).toMatchObject({ merge: 'summarized', truncated: true });
    expect(endless.result.droppedTokens).toBeGreaterThan(0);
    expect(endless.groups.length).toBe(2);
  });

  test('fails if one part fails, and the others of its group are stopped', async () => {
    const model = fakeModel({ failAt: 'w900 ' });
    const options = { ask: model.ask, model: MODEL, signal: undefined, onProgress: undefined, onText: undefined, onStep() {} };
    await expect(summarizeInParts(requestOf(3000), options)).rejects.toThrow('failed');
    expect(model.groups).toHaveLength(2);
    expect(model.asked).toHaveLength(16);
    for (const { signal } of model.asked) expect(signal?.aborted).toBe(true);
  });

  test('is given up between two groups when its signal is aborted', async () => {
    const controller = new AbortController();
    const model = fakeModel();
    const onProgress = (event: SummarizeEvent) => {
      if (event.type === 'parts' && event.numDone === 8) controller.abort(new Error('enough'));
    };
    const options = { ask: model.ask, model: MODEL, signal: controller.signal, onProgress, onText: undefined, onStep() {} };
    await expect(summarizeInParts(requestOf(3000), options)).rejects.toThrow('enough');
    expect(model.groups).toHaveLength(1);
  });
});
