import type { Activation, Candidate } from '../schemas.ts';

/**
 * Scores of one picture's logits [numLabels], in double precision.
 * `softmax` subtracts the largest logit first, as the reference does.
 */
export function activate(logits: Float32Array, activation: Activation): Float64Array {
  const scores = Float64Array.from(logits);
  if (activation === 'none') return scores;
  if (activation === 'sigmoid') return scores.map((logit) => 1 / (1 + Math.exp(-logit)));
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = scores.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** The `topK` best labels, best first, equal scores by index; all of them if there are fewer. */
export function rankLabels(scores: Float64Array, labels: readonly string[], topK: number): Candidate[] {
  const ranked = Array.from(scores, (score, index): Candidate => ({ label: labels[index]!, score, index }));
  ranked.sort((a, b) => b.score - a.score || a.index - b.index);
  return ranked.slice(0, topK);
}

/** The first of a label's synonyms: `Arctic fox` of `Arctic fox, white fox, Alopex lagopus`. */
export function firstSynonym(label: string): string {
  return label.split(', ', 1)[0]!;
}
