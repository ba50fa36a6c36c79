import { createByteLevelSplitter } from './byte-level-words.ts';
import { type MetaspaceSettings, splitAtMarks, splitAtWhiteSpace } from './metaspace-words.ts';
import type { MetaspaceConfig, PreTokenizerStep } from './tokenizer-schema.ts';

/** Cuts a part of a text into the words that the model sees one by one. `isStart`: nothing of the text comes before the part. */
export type PreTokenize = (text: string, isStart: boolean) => Iterable<string>;

/**
 * All steps of a tokenizer.json's pre-tokenizer. Words come one at a time: a long text is never there twice.
 * @param addPrefixSpace overrides the field of ByteLevel unless null
 */
export function createPreTokenizer(steps: readonly PreTokenizerStep[], addPrefixSpace: boolean | null): PreTokenize {
  return steps.map((step) => createStep(step, addPrefixSpace)).reduce(chain, (text) => [text]);
}

/** The prepend scheme of files old and new: before `prepend_scheme` there was `add_prefix_space`. */
export function metaspaceSettings({ replacement, prepend_scheme, add_prefix_space, split }: MetaspaceConfig): MetaspaceSettings {
  const prependScheme = add_prefix_space === false ? 'never' : (prepend_scheme ?? 'always');
  return { replacement, prependScheme, split: split !== false };
}

function chain(first: PreTokenize, second: PreTokenize): PreTokenize {
  return function* (text, isStart) {
    let isFirst = isStart;
    for (const word of first(text, isStart)) {
      yield* second(word, isFirst && text.startsWith(word));
      isFirst = false;
    }
  };
}

function createStep(step: PreTokenizerStep, addPrefixSpace: boolean | null): PreTokenize {
  switch (step.type) {
    case 'WhitespaceSplit':
      return splitAtWhiteSpace;
    case 'Metaspace': {
      const settings = metaspaceSettings(step);
      return (text, isStart) => splitAtMarks(text, isStart, settings);
    }
    case 'ByteLevel': {
      const prepends = addPrefixSpace ?? step.add_prefix_space ?? true;
      const split = step.use_regex === false ? (text: string) => [text] : createByteLevelSplitter();
      return (text) => split(prepends && !text.startsWith(' ') ? ` ${text}` : text);
    }
  }
}
