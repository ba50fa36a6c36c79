/** The tokens on which all texts that may still be the answer agree: they only ever grow. */
export interface AgreedTokens {
  /** Looks at those texts as they are now. Over all calls it reads each agreed token once. */
  extend(texts: readonly ArrayLike<number>[]): void;
  /** Never changed, only added to. */
  tokens(): Int32Array; // [length]
}

export function createAgreedTokens(maxLength: number): AgreedTokens {
  const agreed = new Int32Array(maxLength);
  let length = 0;
  return {
    extend([first, ...others]) {
      if (first === undefined) return;
      // Beyond its end a text has no token, which equals none.
      while (length < first.length && others.every((other) => other[length] === first[length])) {
        agreed[length] = first[length]!;
        length++;
      }
    },
    tokens: () => agreed.subarray(0, length),
  };
}
