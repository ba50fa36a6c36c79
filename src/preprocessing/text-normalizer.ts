import { createCharsmapNormalizer } from './precompiled-charsmap.ts';
import type { NormalizerStep } from './tokenizer-schema.ts';
import { isWhiteSpace } from './white-space.ts';

/** A text as the model's vocabulary expects it. */
export type Normalize = (text: string) => string;

/**
 * All steps of a tokenizer.json's normalizer, one after the other.
 * @throws OnnxPredictError MODEL_INVALID naming `source`
 */
export function createTextNormalizer(steps: readonly NormalizerStep[], source: string): Normalize {
  const normalizers = steps.map((step) => createStep(step, source));
  return (text) => normalizers.reduce((normalized, normalize) => normalize(normalized), text);
}

function createStep(step: NormalizerStep, source: string): Normalize {
  switch (step.type) {
    case 'Precompiled':
      return createCharsmapNormalizer(step.precompiled_charsmap, source);
    case 'Replace': {
      const { pattern, content } = step;
      return (text) => text.replaceAll('String' in pattern ? pattern.String : / {2,}/g, () => content);
    }
    case 'Prepend':
      return (text) => (text === '' ? '' : step.prepend + text);
    case 'Strip':
      return (text) => strip(text, step.strip_left !== false, step.strip_right !== false);
    case 'Lowercase':
      return lowercase;
  }
}

function strip(text: string, left: boolean, right: boolean): string {
  let start = 0;
  let end = text.length;
  if (left) while (start < end && isWhiteSpace(text.charCodeAt(start))) start++;
  if (right) while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Character by character, as Rust: JavaScript would write the sigma at a word's end differently. */
function lowercase(text: string): string {
  return text.replace(/[A-Z]+|\P{ASCII}/gu, (part) => part.toLowerCase());
}
