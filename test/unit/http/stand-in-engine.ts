import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Engine } from '../../../src/engine.ts';
import type { ClassifyOptions, SummarizeOptions } from '../../../src/schemas.ts';

/** What was asked of the engine, in its order. */
export interface Call {
  readonly input: unknown;
  readonly options: ClassifyOptions | SummarizeOptions | undefined;
}

/**
 * An engine whose labels tell the length and the hash of a picture, and whose summaries the model, the lengths in the query and
 * the hash of a text, as the application does that test/golden/http/odd.json was recorded from.
 */
export function standInEngine(calls: Call[] = []): Pick<Engine, 'classify' | 'summarize'> {
  const model = { id: '/srv/models/secret', revision: null, dtype: 'fp32' } as const;
  return {
    async classify(input, options) {
      calls.push({ input, options });
      const bytes = typeof input === 'string' ? await readFile(input) : Buffer.from(input as Uint8Array);
      const classLabel = `${bytes.length}:${hash(bytes)}`;
      const timings = { loadMs: 1, queueMs: 2, preprocessMs: 3, inferenceMs: 4 };
      return { classLabel, score: 0.5, top: [{ label: 'a, b', score: 0.5, index: 7 }], model, timings };
    },
    async summarize(text, options) {
      calls.push({ input: text, options });
      const { defaults, model: alias } = options!;
      const lengths = alias === 't5' ? '' : `${defaults?.minLength}:${defaults?.maxLength}:`;
      return {
        summary: `${alias}:${lengths}${hash(Buffer.from(text))}`,
        outputIds: [0, 1],
        score: null,
        stopReason: 'eos',
        inputTokens: 5,
        droppedTokens: 0,
        truncated: false,
        outputTokens: 2,
        model,
        timings: { loadMs: 1, queueMs: 2, tokenizeMs: 3, encodeMs: 4, decodeMs: 5, steps: 6 },
      };
    },
  };
}

function hash(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex').slice(0, 10);
}
