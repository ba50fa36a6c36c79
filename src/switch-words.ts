/** What words mean by yes and no, in lower case: of environment variables that are switches, and of when something is done. */
export const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'yes', 'on', 'auto'].map((word) => [word, true] as const),
  ...['0', 'false', 'no', 'off', 'never'].map((word) => [word, false] as const),
]);
