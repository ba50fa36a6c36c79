import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../../src/errors.ts';
import type { TestServer } from '../../../http-exchange.ts';
import { type Call, standInEngine } from '../stand-in-engine.ts';
import { ask, askForSummary, serveTutorial, type TutorialOptions } from '../tutorial-server.ts';

let servers: TestServer[];
beforeEach(() => {
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
});

async function serve(options: TutorialOptions = {}): Promise<TestServer> {
  const server = await serveTutorial(options);
  servers.push(server);
  return server;
}

describe('a long text', () => {
  const part = { summary: 'A', outputIds: [0, 1], outputTokens: 2, inputTokens: 3, score: null, stopReason: 'eos' } as const;
  const unsupported = { numbers: [{ text: '7', start: 3, end: 4 }], names: [] };

  test('is cut unless the query says otherwise, and its parts are shown on request', async () => {
    const calls: Call[] = [];
    const standIn = standInEngine(calls);
    const parts = [{ ...part, source: { start: 0, end: 5 } }];
    const engine = {
      summarize: async (...args: Parameters<typeof standIn.summarize>) => ({
        ...(await standIn.summarize(...args)),
        merge: 'joined' as const,
        parts,
        unsupported,
      }),
    };
    const server = await serve({ engine });
    await askForSummary(server, 'hello');
    expect(calls[0]!.options).toMatchObject({ truncate: 'end', check: false });
    const brief = await askForSummary(server, 'hello', '?truncate=chunk&check=1');
    expect(calls[1]!.options).toMatchObject({ truncate: 'chunk', check: true });
    expect(brief.json).toEqual({ summary: expect.any(String) as string, unsupported });
    const { json } = await askForSummary(server, 'hello', '?truncate=chunk&verbose=1');
    const shown = {
      summary: 'A',
      source: { start: 0, end: 5 },
      input_tokens: 3,
      output_tokens: 2,
      score: null,
      stop_reason: 'eos',
    };
    expect(json).toMatchObject({ merge: 'joined', parts: [shown], unsupported });
    expect(JSON.stringify(json)).not.toContain('output_ids');
  });

  test('is refused with 413 where that is asked for, in the words of the engine', async () => {
    const engine = {
      summarize: async () => {
        throw new OnnxPredictError('TEXT_TOO_LONG', 'The text has 600 tokens.');
      },
    };
    const answer = await askForSummary(await serve({ engine }), 'hello', '?truncate=error');
    expect(answer).toMatchObject({ status: 413, json: { detail: 'The text has 600 tokens.' } });
  });

  test('may be treated in three ways', async () => {
    const answer = await askForSummary(await serve(), 'hello', '?truncate=middle');
    const expected = "'end', 'error' or 'chunk'";
    const issue = { type: 'literal_error', loc: ['query', 'truncate'], msg: `Input should be ${expected}`, input: 'middle' };
    expect(answer).toMatchObject({ status: 422, json: { detail: [{ ...issue, ctx: { expected } }] } });
  });
});

describe('the text route', () => {
  test('answers with the summary alone', async () => {
    const answer = await askForSummary(await serve(), 'hello');
    expect(answer.json).toEqual({ summary: 't5:aaf4c61ddc' });
  });

  test('asks t5 as the original did, whatever min and max say', async () => {
    const calls: Call[] = [];
    await askForSummary(await serve({ engine: standInEngine(calls) }), 'hello', '?min=abc&max=-7');
    expect(calls[0]!.options).toMatchObject({
      model: 't5',
      prefix: 'summarize: ',
      numBeams: 1,
      noRepeatNgramSize: null,
      defaults: { minLength: 80, maxLength: 100 },
    });
    expect(calls[0]!.options).not.toHaveProperty('minLength');
  });

  test.each([
    ['', { minLength: 30, maxLength: 130 }],
    ['&min=10&max=30', { minLength: 10, maxLength: 30 }],
    ['&min=50&max=20', { minLength: 20, maxLength: 20 }],
    ['&min=-5&max=20', { minLength: 0, maxLength: 20 }],
    ['&min=100000&max=200000', { minLength: 1024, maxLength: 1024 }],
    ['&min=%EF%BC%91&max=%2B2_0', { minLength: 1, maxLength: 20 }],
  ])('lets min and max give way where they are impossible: bart%s', async (query, defaults) => {
    const calls: Call[] = [];
    const answer = await askForSummary(await serve({ engine: standInEngine(calls) }), 'hello', `?model=bart${query}`);
    expect(answer.status).toBe(200);
    expect(calls[0]!.options).toMatchObject({ model: 'bart', defaults });
  });

  test.each(['&min=abc', '&max=', '&max=1', '&max=-5', `&max=${'9'.repeat(4301)}`])(
    'refuses bart%s as the original did',
    async (query) => {
      const answer = await askForSummary(await serve(), 'hello', `?model=bart${query}`);
      expect(answer).toMatchObject({ status: 400, json: { detail: expect.stringMatching(/^(min|max) must be/) as string } });
    },
  );

  test('takes min_length and max_length at their word, for t5 as well', async () => {
    const calls: Call[] = [];
    const server = await serve({ engine: standInEngine(calls) });
    await askForSummary(server, 'hello', '?min_length=5&max_length=9');
    expect(calls[0]!.options).toMatchObject({ minLength: 5, maxLength: 9 });
  });

  test.each([
    ['?min_length=101', 'min_length'],
    ['?min_length=20&max_length=10', 'min_length'],
    ['?model=bart&min_length=131', 'min_length'],
    ['?max_length=1', 'max_length'],
    ['?max_length=1025', 'max_length'],
    ['?max_length=x', 'max_length'],
  ])('refuses %s by the name of %s', async (query, name) => {
    const answer = await askForSummary(await serve(), 'hello', query);
    expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ['query', name] }] } });
  });

  test('refuses by its name a length that only the model knows to be impossible', async () => {
    const summarize = () => Promise.reject(new OnnxPredictError('INVALID_ARGUMENT', 'maxLength: must be at most 128'));
    const server = await serve({ engine: { summarize } });
    const answer = await askForSummary(server, 'hello', '?model=bart&max_length=1000');
    expect(answer).toMatchObject({ status: 422, json: { detail: [{ loc: ['query', 'max_length'], input: '1000' }] } });
  });

  test('tells more when asked to, and the model by its alias', async () => {
    expect((await askForSummary(await serve(), 'hello', '?verbose=true&model=bart')).json).toEqual({
      summary: 'bart:30:130:aaf4c61ddc',
      score: null,
      input_tokens: 5,
      dropped_tokens: 0,
      truncated: false,
      output_tokens: 2,
      stop_reason: 'eos',
      model: { id: 'bart', revision: null, dtype: 'fp32' },
      timings: { load_ms: 1, queue_ms: 2, tokenize_ms: 3, encode_ms: 4, decode_ms: 5, steps: 6 },
    });
  });

  test.each(['mit-b0', 'T5', 't5 ', 'facebook/bart-large-cnn', '../models', 'https://example.org', '__proto__', ''])(
    'knows no model %j',
    async (model) => {
      const calls: Call[] = [];
      const server = await serve({ engine: standInEngine(calls) });
      const answer = await askForSummary(server, 'hello', `?model=${encodeURIComponent(model)}`);
      expect(answer).toMatchObject({ status: 400, json: { detail: 'Invalid model specified.' } });
      expect(calls).toEqual([]);
    },
  );

  test('looks at the text before the model and its lengths', async () => {
    const answer = await askForSummary(await serve(), ' \u001c\u0085\u3000', '?model=nope&max=abc');
    expect(answer).toMatchObject({ status: 400, json: { detail: 'Text cannot be empty' } });
  });

  test('a byte order mark alone is a text, as in Python', async () => {
    expect((await askForSummary(await serve(), '\ufeff')).status).toBe(200);
  });

  test('refuses half a character', async () => {
    expect((await askForSummary(await serve(), '\ud800')).status).toBe(400);
  });

  test('tells what is wrong with the query and with the body at once', async () => {
    const answer = await askForSummary(await serve(), 5, '?verbose=2&min_length=-1');
    expect(answer.json).toMatchObject({
      detail: [
        { type: 'greater_than_equal', loc: ['query', 'min_length'] },
        { type: 'bool_parsing', loc: ['query', 'verbose'] },
        { type: 'string_type', loc: ['body', 'text'], input: 5 },
      ],
    });
  });

  test.each(['[12345678901234567890123]', '{"9":1,"1":[2.5,null]}'])('echoes %s digit by digit, in its order', async (body) => {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await ask(await serve(), '/predict/text_summarize', { headers, body });
    expect(answer.text).toContain(`"input":${body}`);
  });

  test('echoes no more than the beginning of a long value', async () => {
    const answer = await askForSummary(await serve(), ['é'.repeat(1_000_000), ...Array.from({ length: 10_000 }, () => 'x')]);
    expect(answer.status).toBe(422);
    expect(answer.text.length).toBeLessThan(20_000);
  });

  test('names the limit of a body', async () => {
    const server = await serve();
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '100000000' };
    const answer = await ask(server, '/predict/text_summarize', { headers, body: '{' });
    expect(answer).toMatchObject({ status: 413, json: { detail: expect.stringContaining('25231360 bytes') as string } });
    const many = await askForSummary(
      server,
      Array.from({ length: 100_001 }, () => 1),
    );
    expect(many).toMatchObject({ status: 413, json: { detail: expect.stringContaining('100000 values') as string } });
  });

  test('does not read a body as JSON that is not declared to be JSON', async () => {
    const answer = await ask(await serve(), '/predict/text_summarize', { body: '{"text":"hello"}' });
    expect(answer).toMatchObject({
      status: 422,
      json: { detail: [{ type: 'model_attributes_type', input: '{"text":"hello"}' }] },
    });
  });
});
