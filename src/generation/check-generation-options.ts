import { OnnxPredictError } from '../errors.ts';
import type { GenerationOptions } from '../schemas.ts';

/** What the model, and the rules as they were resolved, leave possible. */
interface Limits {
  readonly numBeams: number;
  readonly maxLength: number;
  readonly maxPositions: number;
  readonly vocabSize: number | null;
}

/**
 * Refuses what a request asks for explicitly and cannot have. What only the model's configuration asks for is never refused.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the option
 */
export function checkGenerationOptions(request: GenerationOptions, limits: Limits): void {
  checkLengths(request, limits);
  const { numReturnSequences } = request;
  if (exceeds(numReturnSequences, limits.numBeams)) {
    throw refuse('numReturnSequences', numReturnSequences, `must be at most numBeams, which is ${limits.numBeams}`);
  }
  const { vocabSize } = limits;
  if (vocabSize === null) return;
  for (const name of TOKEN_OPTIONS) {
    for (const id of [request[name] ?? []].flat(2)) {
      if (id >= vocabSize) throw refuse(name, id, `must be below ${vocabSize}, the model's vocabulary`);
    }
  }
}

const TOKEN_OPTIONS = [
  'badWordsIds',
  'bosTokenId',
  'decoderStartTokenId',
  'eosTokenId',
  'forcedBosTokenId',
  'forcedEosTokenId',
  'padTokenId',
] as const;

function checkLengths(request: GenerationOptions, { maxLength, maxPositions }: Limits): void {
  const { minLength, minNewTokens, maxLength: max, maxNewTokens } = request;
  if (exceeds(maxNewTokens, maxPositions - 1)) {
    throw refuse('maxNewTokens', maxNewTokens, `must be at most ${maxPositions - 1}, the positions of this model but the first`);
  }
  // A count of new tokens decides alone.
  if (!isGiven(maxNewTokens) && exceeds(max, maxPositions)) {
    throw refuse('maxLength', max, `must be at most ${maxPositions}, the positions of this model`);
  }
  if (exceeds(minNewTokens, maxLength - 1)) {
    throw refuse('minNewTokens', minNewTokens, `must be at most ${maxLength - 1}: the maximum length is ${maxLength}`);
  }
  if (!isGiven(minNewTokens) && exceeds(minLength, maxLength)) {
    throw refuse('minLength', minLength, `must be at most the maximum length, which is ${maxLength}`);
  }
}

function isGiven(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}

function exceeds(value: number | null | undefined, max: number): value is number {
  return isGiven(value) && value > max;
}

function refuse(name: keyof GenerationOptions, value: unknown, expectation: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', `${name}: ${expectation} (got ${value})`);
}
