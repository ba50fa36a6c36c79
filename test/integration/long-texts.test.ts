import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine, type EngineEvent, type SummarizeEvent, type SummarizeOptions } from 'onnx-predict';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assembleModel } from './text-models.ts';

const ARTICLE = await readFile('examples/lighthouse.txt', 'utf8');
/** Each paragraph tells of another town, so that the parts differ. */
const LONG = ['Eastmoor', 'Westmoor', 'Northam', 'Southam', 'Midford']
  .map((town) => ARTICLE.trim().replaceAll('Eastmoor', town))
  .join('\n\n');

let engine: Engine;
let folder: string;
let events: EngineEvent[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  engine = createEngine({ numThreads: 1, queue: { maxCost: 20 } });
  engine.observe((event) => events.push(event));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  events = [];
});

const isSpace = (text: string) => text.trim() === '';

describe("truncate 'chunk'", () => {
  test('gives for a text that fits what end gives', async () => {
    const options = { model: 'tiny', maxLength: 40 } as const;
    const { timings: _, ...chunked } = await engine.summarize(ARTICLE, { ...options, truncate: 'chunk' });
    const { timings: __, ...cut } = await engine.summarize(ARTICLE, { ...options, truncate: 'end' });
    expect(chunked).toEqual(cut);
  });

  test.each([
    ['joined', { maxLength: 500 }],
    ['summarized', { maxLength: 90 }],
    ['summarized', { maxLength: 60, numBeams: 1 }],
  ] as const)('reads all of a long text, part by part, each as it would be answered alone: %s, %j', async (merge, lengths) => {
    const told: SummarizeEvent[] = [];
    const texts: string[] = [];
    const options: SummarizeOptions = { model: 'tiny', ...lengths };
    const result = await engine.summarize(LONG, {
      ...options,
      truncate: 'chunk',
      onProgress: (event) => told.push(event),
      onText: (text) => texts.push(text),
    });
    expect(result).toMatchObject({ merge, droppedTokens: 0, truncated: false });
    expect(result.outputTokens).toBeLessThanOrEqual(lengths.maxLength);
    expect(texts.join('')).toBe(result.summary);
    const { parts = [] } = result;
    expect(parts.length).toBeGreaterThan(1);
    expect(told[0]).toEqual({ type: 'parts', round: 1, numDone: 0, numParts: parts.length });
    let at = 0;
    for (const { source, summary, inputTokens, outputIds, score } of parts) {
      expect(isSpace(LONG.slice(at, source.start))).toBe(true);
      at = source.end;
      const share = Math.max(16, Math.floor((lengths.maxLength * inputTokens) / result.inputTokens));
      const maxLength = merge === 'joined' ? Math.min(lengths.maxLength, share) : Math.min(128, lengths.maxLength);
      const alone = await engine.summarize(LONG.slice(source.start, source.end), { ...options, maxLength, minLength: 0 });
      expect({ ...alone, score: null }).toMatchObject({ summary, outputIds, inputTokens, droppedTokens: 0, score: null });
      if (score === null) expect(alone.score).toBeNull();
      else expect(alone.score).toBeCloseTo(score, 4);
    }
    expect(isSpace(LONG.slice(at))).toBe(true);
    const summaries = parts.map(({ summary }) => summary);
    if (merge === 'joined') expect(result.summary).toBe(summaries.join(' '));
    else {
      const again = await engine.summarize(summaries.join('\n'), { ...options, truncate: 'chunk' });
      expect(result.summary).toBe(again.summary);
    }
  });

  test('is one request to those who count and bound, and its parts are answered together', async () => {
    await engine.load('tiny', { task: 'summarization' });
    events = [];
    const result = await engine.summarize(LONG.repeat(2), { model: 'tiny', truncate: 'chunk', numBeams: 1 });
    expect(events.filter(({ type }) => type === 'queued')).toHaveLength(1);
    const answered = events.filter((event) => event.type === 'answered');
    expect(answered).toMatchObject([{ inputTokens: result.inputTokens, outputTokens: result.outputTokens }]);
    const sizes = events.flatMap((event) => (event.type === 'batch' ? [event.size] : []));
    expect(sizes[0]).toBe(1);
    expect(sizes[1]).toBe(Math.min(8, result.parts!.length));
    expect(engine.status()[0]).toMatchObject({ cost: 0, heldBytes: 0, numQueued: 0, numActive: 0 });
  });

  test('stops all parts when its signal is aborted, and answers the next', async () => {
    const controller = new AbortController();
    const stopped = engine.summarize(LONG.repeat(3), {
      model: 'tiny',
      truncate: 'chunk',
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'parts' && event.numDone === 1) controller.abort(new Error('changed my mind'));
      },
    });
    await expect(stopped).rejects.toThrow('changed my mind');
    expect((await engine.summarize(ARTICLE, { model: 'tiny' })).stopReason).toBe('eos');
    expect(engine.status()[0]).toMatchObject({ cost: 0, numQueued: 0, numActive: 0 });
  });

  test.each(['tiny-t5', 'tiny-bart'])('goes with the prefix, the tokenizer and the limit of %s', async (name) => {
    const model = await assembleModel(folder, name);
    const { parts = [], droppedTokens } = await engine.summarize(LONG, { model, truncate: 'chunk', maxLength: 40, minLength: 0 });
    expect(droppedTokens).toBe(0);
    expect(parts.length).toBeGreaterThan(2);
    for (const { source, inputTokens } of parts) {
      const alone = await engine.summarize(LONG.slice(source.start, source.end), { model, maxLength: 5, minLength: 0 });
      expect(alone).toMatchObject({ inputTokens, truncated: false });
    }
  });

  test('refuses a text of too many parts and a prefix without end, by name', async () => {
    const model = await assembleModel(folder, 'tiny-bart');
    const refused = engine.summarize(LONG.repeat(60), { model, truncate: 'chunk' });
    await expect(refused).rejects.toMatchObject({
      code: 'TEXT_TOO_LONG',
      message: expect.stringContaining('256 parts') as string,
    });
    const full = engine.summarize(LONG, { model, truncate: 'chunk', prefix: 'so '.repeat(200) });
    await expect(full).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('prefix') as string });
    const long = engine.summarize(LONG, { model, truncate: 'chunk', maxLength: 4000 });
    await expect(long).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('maxLength') as string,
    });
  });
});

test('check finds what a summary says and the text does not, over all parts', async () => {
  const { unsupported } = await engine.summarize(LONG, { model: 'tiny', truncate: 'chunk', check: true });
  expect(unsupported).toEqual({ numbers: [], names: [] });
  expect(await engine.summarize(ARTICLE, { model: 'tiny' })).not.toHaveProperty('unsupported');
});
