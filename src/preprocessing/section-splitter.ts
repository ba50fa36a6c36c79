import { type AddedToken, createAddedTokenSplitter, type Section } from './added-tokens.ts';
import type { Normalize } from './text-normalizer.ts';

/**
 * Takes added tokens out of a text and normalizes what lies between them: tokens that are not to be normalized are looked for
 * before, the others after.
 */
export function createSectionSplitter(added: readonly AddedToken[], normalize: Normalize): (text: string) => Iterable<Section> {
  const splitGiven = createAddedTokenSplitter(added.filter((token) => !token.normalized));
  const splitNormalized = createAddedTokenSplitter(added.filter((token) => token.normalized));
  return function* (text) {
    for (const section of splitGiven(text)) {
      if (section.kind === 'token') yield section;
      else {
        for (const inner of splitNormalized(normalize(section.text))) {
          yield inner.kind === 'token' ? inner : { ...inner, isStart: inner.isStart && section.isStart };
        }
      }
    }
  };
}
