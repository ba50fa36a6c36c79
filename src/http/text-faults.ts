import { isBlank } from '../python-white-space.ts';

export const EMPTY_TEXT = 'Text cannot be empty';
export const HALF_CHARACTER = 'Text holds half of a surrogate pair, which is no character.';

const LONE_SURROGATE = /\p{Surrogate}/u;

export function hasHalfCharacter(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/** Why a text cannot be summarized by any model; undefined if it can. */
export function findTextFault(text: string): string | undefined {
  if (isBlank(text)) return EMPTY_TEXT;
  return hasHalfCharacter(text) ? HALF_CHARACTER : undefined;
}
