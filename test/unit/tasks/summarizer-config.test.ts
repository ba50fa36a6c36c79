import { expect, test } from 'vitest';
import { parseSummarizerConfig } from '../../../src/tasks/summarizer-config.ts';

const parse = (json: unknown, modelMaxLength: number | null = null) => parseSummarizerConfig(json, modelMaxLength, 'config.json');

test('the prefix of the task wins over the one beside it, and there may be none', () => {
  const task = { task_specific_params: { summarization: { prefix: 'summarize: ' } } };
  expect(parse({ ...task, prefix: ' ' }).prefix).toBe('summarize: ');
  expect(parse({ prefix: ' ', task_specific_params: { summarization: { num_beams: 4 } } }).prefix).toBe(' ');
  expect(parse({ prefix: null, task_specific_params: null }).prefix).toBe('');
});

test('the smallest of the limits that are said is the limit', () => {
  expect(parse({ n_positions: 512 }, 1000).maxInputTokens).toBe(512);
  expect(parse({ max_position_embeddings: 1024 }, 512).maxInputTokens).toBe(512);
  expect(parse({ max_position_embeddings: 1024 }).maxInputTokens).toBe(1024);
  expect(parse({}).maxInputTokens).toBe(512);
});

test('what cannot be a value counts as not said', () => {
  expect(parse({ prefix: 5, n_positions: 'many', task_specific_params: [] })).toEqual({ prefix: '', maxInputTokens: 512 });
});

test('a model without an encoder is refused, and what is no configuration', () => {
  expect(() => parse({ is_encoder_decoder: false })).toThrow('without an encoder');
  expect(() => parse('T5')).toThrow('config.json is no configuration');
});
