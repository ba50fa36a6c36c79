/** Padding costs the encoder what tokens cost: a text is not padded to more than twice its length... */
const MAX_RATIO = 2;
/** ...unless that is short. */
const SHORT_LENGTH = 64;

/** Groups texts of similar length, shortest first, so that little of what is computed together is padding. Gives their keys. */
export function groupByLength<K, T>(texts: ReadonlyMap<K, T>, lengthOf: (text: T) => number): K[][] {
  const byLength = [...texts].map(([key, text]) => ({ key, length: lengthOf(text) })).sort((a, b) => a.length - b.length);
  const groups: { readonly keys: K[]; readonly maxLength: number }[] = [];
  for (const { key, length } of byLength) {
    const group = groups.at(-1);
    if (group !== undefined && length <= group.maxLength) group.keys.push(key);
    else groups.push({ keys: [key], maxLength: Math.max(length * MAX_RATIO, SHORT_LENGTH) });
  }
  return groups.map(({ keys }) => keys);
}
