import type * as v from 'valibot';
import type { SummarizeOptions } from '../../schemas.ts';
import { Refusal, refuseValues, type ValidationIssue } from '../refusal.ts';
import { parsePythonInteger } from './python-integer.ts';
import { MAX_SUMMARY_LENGTH, type SummarizeQuerySchema } from './tutorial-schemas.ts';

/** The model that the original asked in a way of its own. */
const T5 = 't5';
const MIN_LENGTH = 2;

/** The original's call: greedy, these lengths, whatever the query says and the model's configuration would like. */
const T5_OPTIONS = {
  prefix: 'summarize: ',
  numBeams: 1,
  numReturnSequences: null,
  lengthPenalty: null,
  earlyStopping: null,
  noRepeatNgramSize: null,
  repetitionPenalty: null,
  minNewTokens: null,
  maxNewTokens: null,
} as const;
const T5_LENGTHS = { minLength: 80, maxLength: 100 } as const;

type SummarizeQuery = v.InferOutput<typeof SummarizeQuerySchema>;

/**
 * How a model is asked. `min` and `max` give way where they are impossible, as they did in the original; `min_length` and
 * `max_length` do not.
 * @throws Refusal 400 for a `min` or `max` that the original refused, 422 for impossible lengths
 */
export function toSummarizeOptions(query: SummarizeQuery): SummarizeOptions {
  const defaults = query.model === T5 ? T5_LENGTHS : readLegacyLengths(query);
  const { model, truncate, check, min_length: minLength, max_length: maxLength } = query;
  const longest = maxLength ?? defaults.maxLength;
  if (minLength !== undefined && minLength > longest) {
    const msg = `Value error, must be at most the maximum length, which is ${longest}`;
    throw refuseValues(describeLength('min_length', minLength, msg));
  }
  return {
    ...(model === T5 ? T5_OPTIONS : {}),
    model,
    truncate,
    check,
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    defaults,
  };
}

/** What is said of explicit lengths that a model cannot have; undefined if there are none. */
export function describeImpossibleLength(query: SummarizeQuery): ValidationIssue | undefined {
  const name = query.max_length === undefined ? 'min_length' : 'max_length';
  const value = query[name];
  return value === undefined ? undefined : describeLength(name, value, 'Value error, more tokens than this model can write');
}

function describeLength(name: string, value: number, msg: string): ValidationIssue {
  return { type: 'value_error', loc: ['query', name], msg, input: String(value), ctx: { error: {} } };
}

function readLegacyLengths({ min, max }: SummarizeQuery): { readonly minLength: number; readonly maxLength: number } {
  const maxLength = readInteger('max', max);
  const minLength = readInteger('min', min);
  if (maxLength < MIN_LENGTH) throw new Refusal(400, `max must be at least ${MIN_LENGTH}.`);
  const longest = Math.min(maxLength, MAX_SUMMARY_LENGTH);
  return { minLength: Math.min(Math.max(minLength, 0), longest), maxLength: longest };
}

function readInteger(name: 'min' | 'max', text: string): number {
  const value = parsePythonInteger(text);
  if (value === undefined) throw new Refusal(400, `${name} must be a whole number.`);
  return value;
}
