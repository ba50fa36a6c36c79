/** What transformers' `clean_up_tokenization` takes away: spaces that tokenizers of words put before punctuation and contractions. */
const SPACED: readonly (readonly [spaced: string, clean: string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

export function cleanUpSpaces(text: string): string {
  return SPACED.reduce((cleaned, [spaced, clean]) => cleaned.replaceAll(spaced, clean), text);
}
