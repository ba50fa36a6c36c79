import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine, OnnxPredictError, type SummarizeEvent } from 'onnx-predict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { childrenOf } from './processes.ts';
import { assembleModel } from './text-models.ts';

const TEXT =
  'The harbour town of Eastmoor opened its rebuilt lighthouse to the public on Saturday, eleven years after a winter storm ' +
  'tore away the lantern room and left the tower closed. Several hundred people waited on the breakwater for the first light.';
const SUMMARY =
  'The harbour town of Eastmoor opened its rebuilt lighthouse to the public on Saturday, eleven years after a winter storm ' +
  'tore away the lantern room and left the tower closed.';

let engine: Engine;
let folder: string;
beforeEach(async () => {
  engine = createEngine({ numThreads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  );
  return error instanceof OnnxPredictError ? `${error.code} ${error.message}` : String(error);
}

describe('summarize', () => {
  test('answers with the built-in model, and says what it read and made', async () => {
    const result = await engine.summarize(TEXT, { model: 'tiny' });
    expect(result).toEqual({
      summary: SUMMARY,
      inputTokens: expect.any(Number) as number,
      droppedTokens: 0,
      truncated: false,
      outputTokens: result.outputIds.length,
      outputIds: expect.any(Array) as number[],
      score: expect.any(Number) as number,
      stopReason: 'eos',
      model: { id: 'tiny', revision: null, dtype: 'fp32' },
      timings: {
        loadMs: expect.any(Number) as number,
        queueMs: expect.any(Number) as number,
        tokenizeMs: expect.any(Number) as number,
        encodeMs: expect.any(Number) as number,
        decodeMs: expect.any(Number) as number,
        steps: expect.any(Number) as number,
      },
    });
    expect(result.outputIds[0]).toBe(0);
    expect(result.outputIds.at(-1)).toBe(1);
    expect((await engine.summarize(TEXT, { model: 'tiny', dtype: 'q8' })).summary).toBe(SUMMARY);
  });

  test('lets null switch off what the configuration says, and an empty prefix be none', async () => {
    const model = await assembleModel(folder, 'tiny-t5');
    const configured = await engine.summarize(TEXT, { model });
    const greedy = await engine.summarize(TEXT, { model, numBeams: null, noRepeatNgramSize: null, minLength: null });
    expect(configured.score).not.toBeNull();
    expect(greedy.score).toBeNull();
    const { ids } = await engine.tokenize(TEXT, { model });
    for (const prefix of ['', null]) {
      expect((await engine.summarize(TEXT, { model, prefix })).inputTokens).toBe(ids.length);
    }
    expect(configured.inputTokens).toBeGreaterThan(ids.length);
  });

  test('cuts what the model cannot read, keeps the end token, and counts what was lost; or refuses it', async () => {
    const model = await assembleModel(folder, 'tiny-bart');
    const text = TEXT.repeat(5);
    const { ids } = await engine.tokenize(` ${text}`, { model });
    const result = await engine.summarize(text, { model });
    expect(result).toMatchObject({ inputTokens: 128, droppedTokens: ids.length - 128, truncated: true });
    expect(await refusal(engine.summarize(text, { model, truncate: 'error' }))).toBe(
      `TEXT_TOO_LONG The text has ${ids.length} tokens, and the model reads 128; shorten it, or have it summarized in parts with truncate "chunk".`,
    );
    expect((await engine.summarize(TEXT, { model: 'tiny', truncate: 'error' })).truncated).toBe(false);
  });

  test('takes a model whose decoder comes in two files', async () => {
    const model = await assembleModel(folder, 'tiny-t5');
    const merged = await engine.summarize(TEXT, { model });
    await rm(join(model, 'onnx/decoder_model_merged.onnx'));
    expect(await readdir(join(model, 'onnx'))).toContain('decoder_with_past_model.onnx');
    await using other = createEngine({ numThreads: 1 });
    expect((await other.summarize(TEXT, { model })).outputIds).toEqual(merged.outputIds);
  });

  test('gives several texts if it is asked to, best first', async () => {
    const { summary, score, sequences = [] } = await engine.summarize(TEXT, { model: 'tiny', numReturnSequences: 3 });
    expect(sequences).toHaveLength(3);
    expect(sequences[0]).toMatchObject({ summary, score });
    const scores = sequences.map((each) => each.score!);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  test('tells how far it is, and gives the text in parts that are the summary', async () => {
    for (const numBeams of [1, 2, 4]) {
      const events: SummarizeEvent[] = [];
      const parts: string[] = [];
      /** How many steps there had been at each part. */
      const steps: number[] = [];
      const { summary, timings, outputTokens } = await engine.summarize(TEXT, {
        model: 'tiny',
        numBeams,
        onProgress: (event) => {
          if (event.type === 'tokens') events.push(event);
        },
        onText: (text) => {
          parts.push(text);
          steps.push(events.length);
        },
      });
      expect(parts.join('')).toBe(summary);
      expect(parts).not.toContain('');
      expect(steps[0]).toBeLessThan(numBeams === 1 ? 3 : timings.steps / 2);
      if (numBeams === 1) expect(parts.length).toBeGreaterThan(40);
      expect(events.length).toBeGreaterThanOrEqual(timings.steps);
      expect(events.at(-1)).toEqual({ type: 'tokens', outputTokens, maxLength: 96 });
    }
  });

  test('answers many at once as each alone', async () => {
    const texts = Array.from({ length: 8 }, (_, part) => TEXT.slice(part * 12));
    const together = await Promise.all(texts.map((text) => engine.summarize(text, { model: 'tiny' })));
    for (const [place, text] of [...texts.entries()].reverse()) {
      expect((await engine.summarize(text, { model: 'tiny' })).outputIds).toEqual(together[place]!.outputIds);
    }
  });

  test('stops at the next token when its signal is aborted, and answers the next', async () => {
    const controller = new AbortController();
    const stopped = engine.summarize(TEXT, {
      model: 'tiny',
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'tokens' && event.outputTokens === 3) controller.abort(new Error('changed my mind'));
      },
    });
    await expect(stopped).rejects.toThrow('changed my mind');
    expect((await engine.summarize(TEXT, { model: 'tiny' })).summary).toBe(SUMMARY);
  });

  test('clamps defaults to the request and to the model, and never refuses them', async () => {
    const model = await assembleModel(folder, 'tiny-bart');
    const defaults = { minLength: 30, maxLength: 130 };
    expect((await engine.summarize(TEXT, { model, defaults, maxLength: 20 })).outputTokens).toBe(20);
    expect((await engine.summarize(TEXT, { model, defaults })).outputTokens).toBeGreaterThanOrEqual(30);
    expect(await refusal(engine.summarize(TEXT, { model, maxLength: 130 }))).toBe(
      'INVALID_ARGUMENT maxLength: must be at most 128, the positions of this model (got 130)',
    );
  });

  test.each([
    ['an empty text', '', {}, 'text: must not be empty'],
    ['a text of spaces', ' \n', {}, 'text: must not be empty'],
    ['what is no text', 5, {}, 'text: must be a string (got number)'],
    ['a minimum above the maximum', TEXT, { minLength: 20, maxLength: 10 }, 'minLength: must be at most maxLength'],
    ['a length that is no number', TEXT, { maxLength: Number.NaN }, 'maxLength: '],
    ['no beams', TEXT, { numBeams: 0 }, 'numBeams: must be at least 1'],
    ['an unknown option', TEXT, { num_beams: 2 }, 'num_beams: is not an option'],
    ['an unknown way to cut', TEXT, { truncate: 'middle' }, 'truncate: '],
    ['several texts of parts', TEXT, { truncate: 'chunk', numReturnSequences: 2 }, 'numReturnSequences: must be 1 with truncate'],
    ['a check that is no yes or no', TEXT, { check: 'yes' }, 'check: '],
    ['a classifier', TEXT, { model: 'mit-b0' }, 'Model mit-b0 is for image-classification'],
  ])('refuses %s by name before anything runs', async (_, text, options, message) => {
    // @ts-expect-error: what a JavaScript caller might pass
    expect(await refusal(engine.summarize(text, { model: 'tiny', ...options }))).toContain(message);
    expect(await childrenOf(process.pid, 'runner/main.js')).toEqual([]);
  });

  test('refuses a folder that holds a classifier, and the other way round', async () => {
    const message = await refusal(engine.summarize(TEXT, { model: 'models/tiny-image-classifier' }));
    expect(message).toMatch(/^MODEL_INVALID .*tokenizer\.json is missing.*onnx\/decoder_model_merged\.onnx/);
    expect(await refusal(engine.classify('examples/ship.jpg', { model: 'models/tiny-summarizer' }))).toMatch(
      /^MODEL_INVALID .*preprocessor_config\.json is missing/,
    );
  });
});

describe('tokenize', () => {
  test('needs the files of the tokenizer only, cuts nothing and adds no prefix', async () => {
    const model = await assembleModel(folder, 'tiny-bart');
    await rm(join(model, 'onnx'), { recursive: true });
    await rm(join(model, 'config.json'));
    const { ids, tokens, model: identity } = await engine.tokenize('Hello world', { model });
    expect(ids).toEqual([0, 43, 72, 323, 82, 282, 276, 412, 2]);
    expect(tokens).toHaveLength(9);
    expect(tokens[0]).toBe('<s>');
    expect(identity).toEqual({ id: model, revision: null });
    expect((await engine.tokenize(TEXT.repeat(50), { model })).ids.length).toBeGreaterThan(1000);
    expect((await engine.tokenize('', { model })).ids).toEqual([0, 2]);
  });

  test.each([
    ['ASCII', 'word '],
    ['CJK', '漢字かな'],
    ['emoji', '👩‍👩‍👧🇩🇪'],
    ['combining marks', 'é\u0301\u0302'],
    ['one word', 'x'],
    ['NUL', '\0'],
    ['lone surrogates', '\ud800'],
  ])('answers for 100,000 characters of %s, and summarize too', async (_, unit) => {
    const text = unit.repeat(Math.ceil(100_000 / unit.length));
    expect((await engine.tokenize(text, { model: 'tiny' })).ids.at(-1)).toBe(1);
    const { inputTokens, stopReason } = await engine.summarize(text, { model: 'tiny', maxLength: 12, numBeams: 1 });
    expect(inputTokens).toBeLessThanOrEqual(512);
    expect(['eos', 'length']).toContain(stopReason);
  });

  test('refuses more text than anybody would read', async () => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    expect(await refusal(engine.tokenize(text, { model: 'tiny' }))).toMatch(
      /^TEXT_TOO_LONG .*9437184 characters; at most 8388608/,
    );
  });
});
