import { readFile } from 'node:fs/promises';
import { InferenceClient, InferenceClientProviderApiError } from '@huggingface/inference';
import { createEngine, createServer } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const TEXT = await readFile('examples/lighthouse.txt', 'utf8');
const SHIP = await readFile('examples/ship.jpg');
const LABEL_COUNT = 10;

/** Answers by the built-in models, under the name of one task each as well as of both. */
const engine = createEngine({ numThreads: 1, aliases: { t5: 'tiny', labels: 'models/tiny-image-classifier' } });
const server = createServer(engine, { aliases: ['tiny', 't5', 'labels', 'mit-b0'], maxUploadBytes: 300_000 });
const client = new InferenceClient();
let url: string;
let numRequests: number;

beforeAll(async () => {
  ({ url } = await server.listen({ port: 0 }));
});
afterAll(async () => {
  await server.close({ timeoutMs: 0 });
  await engine.close();
});

async function post(alias: string, body: unknown): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch(`${url}/models/${alias}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

/** Counts what the client sends, to see that it does not hammer. */
const countingFetch: typeof fetch = (input, init) => {
  numRequests++;
  return fetch(input, init);
};

/** The error that the client throws, and how often it asked. */
async function refusal(asked: (options: { fetch: typeof fetch }) => Promise<unknown>) {
  numRequests = 0;
  const error = await asked({ fetch: countingFetch }).then(
    (answer) => expect.fail(`answered with ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(InferenceClientProviderApiError);
  const { message, httpResponse } = error as InferenceClientProviderApiError;
  expect(httpResponse.requestId).toMatch(/^[0-9a-f-]{36}$/);
  return { message, status: httpResponse.status, numRequests };
}

describe('the client of Hugging Face gets labels', () => {
  test.each([
    ['a blob with its type', () => new Blob([SHIP], { type: 'image/jpeg' })],
    ['a blob without one', () => new Blob([SHIP])],
    ['a file', () => new File([SHIP], 'ship.jpg', { type: 'image/jpeg' })],
    ['a blob of bytes', () => new Blob([SHIP], { type: 'application/octet-stream' })],
  ])('of %s', async (_, inputs) => {
    const labels = await client.imageClassification({ endpointUrl: `${url}/models/tiny`, inputs: inputs() });
    expect(labels).toHaveLength(5);
    expect(labels[0]).toEqual({ label: 'ship', score: expect.closeTo(0.98, 1) as number });
    expect(labels.map(({ score }) => score)).toEqual(labels.map(({ score }) => score).sort((a, b) => b - a));
  });

  test('of an ArrayBuffer, as it takes pictures too', async () => {
    const data = SHIP.buffer.slice(SHIP.byteOffset, SHIP.byteOffset + SHIP.length) as ArrayBuffer;
    const [best] = await client.imageClassification({ endpointUrl: `${url}/models/labels`, data });
    expect(best).toMatchObject({ label: 'ship' });
  });

  test('as many as the address asks for, and by another function', async () => {
    const inputs = new Blob([SHIP], { type: 'image/jpeg' });
    const endpointUrl = `${url}/models/tiny?top_k=2&function_to_apply=none`;
    const labels = await client.imageClassification({ endpointUrl, inputs });
    expect(labels).toHaveLength(2);
    expect(labels[0]!.score).toBeGreaterThan(1);
  });

  test.each([
    ['', { top_k: 3, function_to_apply: 'sigmoid' }, 3],
    ['data:image/jpeg;base64,', { top_k: 1000 }, LABEL_COUNT],
  ] as const)('of base64 %s with parameters, as clients of other languages send them', async (prefix, parameters, count) => {
    const answer = await post('tiny', { inputs: prefix + SHIP.toString('base64'), parameters });
    const labels = answer as { readonly label: string; readonly score: number }[];
    expect(labels).toHaveLength(count);
    expect(labels[0]!.label).toBe('ship');
  });
});

describe('the client of Hugging Face gets summaries', () => {
  test('of a text, as the engine makes them', async () => {
    const answer = await client.summarization({ endpointUrl: `${url}/models/t5`, inputs: TEXT });
    expect(answer).toEqual({ summary_text: (await engine.summarize(TEXT, { model: 'tiny' })).summary });
  });

  test('by parameters in both of their places', async () => {
    const generation = { min_length: 10, max_length: 20, num_beams: 2, length_penalty: 2, early_stopping: true };
    const ours = { minLength: 10, maxLength: 20, numBeams: 2, lengthPenalty: 2, earlyStopping: true } as const;
    const { summary, outputTokens } = await engine.summarize(TEXT, { model: 'tiny', ...ours });
    expect(outputTokens).toBeLessThanOrEqual(20);
    for (const parameters of [generation, { generate_parameters: generation }]) {
      const answer = await client.summarization({ endpointUrl: `${url}/models/tiny`, inputs: TEXT, parameters });
      expect(answer).toEqual({ summary_text: summary });
    }
  });

  test('without spaces before punctuation, where it asks for that', async () => {
    const inputs = 'He said : " no " . She said : " yes , it is " . They did n\'t agree .';
    const ask = (clean_up_tokenization_spaces: boolean) =>
      client.summarization({ endpointUrl: `${url}/models/tiny`, inputs, parameters: { clean_up_tokenization_spaces } });
    expect((await ask(true)).summary_text).not.toMatch(/ [.,]/);
    expect((await ask(false)).summary_text).toMatch(/ [.,]/);
  });

  test('of several texts, in their order', async () => {
    const texts = [TEXT.slice(0, 300), TEXT.slice(300, 900), TEXT];
    const answers = await post('t5', { inputs: texts });
    const alone = await Promise.all(texts.map((text) => engine.summarize(text, { model: 'tiny' })));
    expect(answers).toEqual(alone.map(({ summary }) => ({ summary_text: summary })));
  });
});

describe('the client of Hugging Face shows why it has no answer', () => {
  test.each([
    ['nosuch', 404, 'There is no model of that name'],
    ['TINY', 404, 'There is no model of that name'],
    ['labels', 400, 'inputs: must be a picture in base64'],
  ])('for a text to %s', async (alias, status, message) => {
    const told = await refusal((options) =>
      client.summarization({ endpointUrl: `${url}/models/${alias}`, inputs: TEXT }, options),
    );
    expect(told).toEqual({ status, numRequests: 1, message: expect.stringContaining(message) as string });
  });

  test.each([
    ['for a text without words', { inputs: '  ' }, 400, 'Text cannot be empty'],
    ['for sampling', { inputs: TEXT, parameters: { do_sample: true } }, 422, 'parameters.do_sample: must be false'],
    ['for a parameter that is not known', { inputs: TEXT, parameters: { temprature: 1 } }, 422, 'parameters.temprature: is not'],
    [
      'for lengths that exclude each other',
      { inputs: TEXT, parameters: { min_length: 9, max_length: 8 } },
      422,
      'at most max_length',
    ],
    [
      'for beams without number',
      { inputs: TEXT, parameters: { num_beams: 1e9 } },
      422,
      'parameters.num_beams: must be at most 64',
    ],
    [
      'for a text that is too long to be read whole',
      { inputs: TEXT.repeat(9), parameters: { truncation: 'do_not_truncate' as const } },
      413,
      'tokens',
    ],
  ])('%s', async (_, args, status, message) => {
    const told = await refusal((options) => client.summarization({ endpointUrl: `${url}/models/tiny`, ...args }, options));
    expect(told).toEqual({ status, numRequests: 1, message: expect.stringContaining(message) as string });
  });

  test.each([
    ['for what is no picture', 'tiny', new Blob(['GIF89a?']), 400, 'picture'],
    ['for one that is too large', 'tiny', new Blob([new Uint8Array(300_001)]), 413, '300000 bytes'],
    ['for a type that is none of a picture', 'tiny', new Blob([SHIP], { type: 'text/html' }), 415, 'image/*'],
    ['for a picture to a model of texts that cannot be had', 'mit-b0', new Blob([SHIP]), 500, 'onnx-predict pull'],
  ] as const)('%s', async (_, alias, inputs, status, message) => {
    const told = await refusal((options) =>
      client.imageClassification({ endpointUrl: `${url}/models/${alias}`, inputs }, options),
    );
    expect(told).toEqual({ status, numRequests: 1, message: expect.stringContaining(message) as string });
  });
});

describe('overload', () => {
  async function fullServer(queue: { readonly maxCost?: number; readonly maxWaitMs?: number }) {
    const engine = createEngine({ numThreads: 1, queue });
    const server = createServer(engine);
    onTestFinished(async () => {
      await server.close({ timeoutMs: 0 });
      await engine.close();
    });
    return (await server.listen({ port: 0 })).url;
  }

  test.each([
    ['a full queue', { maxCost: 1 }],
    ['a wait that is too long', { maxWaitMs: 1 }],
  ])('by %s is 429 and told once, also while the model is being loaded', async (_, queue) => {
    const full = await fullServer(queue);
    numRequests = 0;
    const parameters = { min_length: 90, max_length: 95 };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () =>
        client.summarization({ endpointUrl: `${full}/models/tiny`, inputs: TEXT, parameters }, { fetch: countingFetch }),
      ),
    );
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect((error as InferenceClientProviderApiError).httpResponse.status).toBe(429);
      expect((error as Error).message).toMatch(/Too many requests are waiting|waited too long/);
    }
    expect(numRequests).toBe(8);
    const again = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`${full}/models/tiny`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ inputs: TEXT, parameters }),
        }),
      ),
    );
    const busy = again.filter(({ status }) => status !== 200);
    expect(busy.length).toBeGreaterThan(0);
    for (const response of busy) {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});
