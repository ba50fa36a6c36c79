import { readFile } from 'node:fs/promises';
import { createEngine } from '../dist/index.js';
import { readConfig } from './model-files.js';

const SOURCES = ['../examples/lighthouse.txt', '../LICENSE'];
/** One token in all vocabularies, so that texts can be made exactly as long as is wanted. */
const FILLER = ' the';

/**
 * Makes texts of exactly as many tokens, a model's prefix and end token included; the text has its prefix.
 * @template Result
 * @param {string} model
 * @param {(makeText: (numTokens: number, place?: number) => Promise<string>, maxTokens: number) => Promise<Result>} use place: each begins elsewhere
 * @returns {Promise<Result>}
 */
export async function withTexts(model, use) {
  const config = await readConfig(model);
  const prefix = config['task_specific_params']?.summarization?.prefix ?? config['prefix'] ?? '';
  const sources = await Promise.all(SOURCES.map((source) => readFile(new URL(source, import.meta.url), 'utf8')));
  const words = sources.join('\n').split(/\s+/);
  const engine = createEngine({ offline: true });
  try {
    const [described] = await engine.describe(model);
    const count = async (/** @type {string} */ text) => (await engine.tokenize(text, { model })).ids.length;
    const makeText = async (/** @type {number} */ numTokens, place = 0) => {
      const take = (/** @type {number} */ numWords) =>
        prefix + Array.from({ length: numWords }, (_, word) => words[(place * 37 + word) % words.length]).join(' ');
      let [fits, exceeds] = [0, numTokens];
      while (exceeds - fits > 1) {
        const middle = Math.floor((fits + exceeds) / 2);
        if ((await count(take(middle))) > numTokens) exceeds = middle;
        else fits = middle;
      }
      const text = take(fits);
      return text + FILLER.repeat(numTokens - (await count(text)));
    };
    return await use(makeText, described?.maxInputTokens ?? Infinity);
  } finally {
    await engine.close();
  }
}
