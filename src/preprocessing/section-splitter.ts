import { type AddedToken, createAddedTokenSplitter, type Section } from './added-tokens.ts';

/**
 * Takes added tokens out of a text and normalizes what lies between them: tokens that are not to be normalized are looked for
 * before, the others after.
 */
export function createSectionSplitter(
  added: readonly AddedToken[],
  normalize: (text: string) => string,
): (text: string) => Iterable<Section> {
  const splitGiven = createAddedTokenSplitter(added.filter((token) => !token.normalized).map((token) => [token.content, token]));
  const splitNormalized = createAddedTokenSplitter(
    added.filter((token) => token.normalized).map((token) => [normalize(token.content), token]),
  );
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
