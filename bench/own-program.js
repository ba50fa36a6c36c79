// onnx-predict as measure-job.js opens it: through the public library.
import { createEngine } from '../dist/index.js';

/** @typedef {import('./measure-job.js').Job} Job */
/** @typedef {import('./measure-job.js').Point['rules']} Rules */

/** @param {Job} job @returns {Promise<import('./measure-job.js').OpenedProgram>} */
export async function open({ task, model, dtype: name, numThreads }) {
  const dtype = /** @type {import('../dist/index.js').Dtype} */ (name);
  const engine = createEngine({ numThreads, offline: true });
  await engine.load(model, { task, dtype });
  /** @param {Rules} rules */
  const summarizeOptions = ({ numTokens = 0, numBeams = 1 }) => {
    const lengths = { minLength: numTokens, maxLength: numTokens };
    // The text comes with its prefix.
    return { model, dtype, numBeams, ...lengths, noRepeatNgramSize: null, prefix: '' };
  };
  const common = { unload: () => engine.unload(model), close: () => engine.close() };
  if (task === 'image-classification') {
    return {
      ...common,
      async answer(picture) {
        const { classLabel, timings } = await engine.classify(picture, { model, dtype });
        return { label: classLabel ?? '-', timings };
      },
      async answerAll(pictures) {
        const answers = (await engine.classifyAll(pictures, { model, dtype })).map(resultOf);
        return answers.map(({ classLabel, timings }) => ({ label: classLabel ?? '-', timings }));
      },
    };
  }
  return {
    ...common,
    answer: (text, rules) => engine.summarize(text, summarizeOptions(rules)),
    answerAll: async (texts, rules) => (await engine.summarizeAll(texts, summarizeOptions(rules))).map(resultOf),
  };
}

/**
 * @template Result
 * @param {{ readonly result: Result } | { readonly error: unknown }} outcome
 */
function resultOf(outcome) {
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}
