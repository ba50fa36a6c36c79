import { describe, expect, test } from 'vitest';
import { type ErrorCode, OnnxPredictError } from '../../../src/errors.ts';
import { toProblem } from '../../../src/http/problem.ts';
import { Refusal } from '../../../src/http/refusal.ts';

const SECRET = '/srv/models/secret';

function problemOf(code: ErrorCode, retryAfterMs?: number) {
  return toProblem(new OnnxPredictError(code, SECRET, retryAfterMs === undefined ? {} : { retryAfterMs }));
}

describe('what HTTP tells of an error', () => {
  test.each([
    ['IMAGE_INVALID', 400],
    ['IMAGE_UNSUPPORTED', 400],
    ['IMAGE_TOO_LARGE', 413],
    ['TEXT_TOO_LONG', 413],
    ['INPUT_REFUSED', 422],
    ['QUEUE_FULL', 429],
    ['RUNNER_CRASHED', 500],
    ['QUEUE_TIMEOUT', 503],
    ['MODEL_NOT_AVAILABLE', 503],
    ['ENGINE_CLOSED', 503],
    ['MEMORY_EXCEEDED', 503],
    ['RUNNER_UNRESPONSIVE', 504],
  ] as const)('%s is %i', (code, status) => {
    expect(problemOf(code).status).toBe(status);
  });

  test.each([
    'MODEL_INVALID',
    'CACHE_INVALID',
    'CACHE_UNWRITABLE',
    'INPUT_NOT_FOUND',
    'HUB_OFFLINE',
    'RUNNER_CRASHED',
    'INTERNAL',
  ] as const)('of %s nothing that its message may name', (code) => {
    expect(problemOf(code).detail).not.toContain(SECRET);
  });

  test('a wait is told in whole seconds, at least one', () => {
    expect(problemOf('QUEUE_FULL', 20).headers).toEqual({ 'Retry-After': '1' });
    expect(problemOf('QUEUE_TIMEOUT', 2001).headers).toEqual({ 'Retry-After': '3' });
    expect(problemOf('MODEL_NOT_AVAILABLE').headers).toEqual({ 'Retry-After': expect.stringMatching(/^\d+$/) as string });
  });

  test('a refusal tells what it says, anything else nothing', () => {
    expect(toProblem(new Refusal(418, 'a teapot', { X: 'y' }))).toMatchObject({
      status: 418,
      detail: 'a teapot',
      headers: { X: 'y' },
    });
    expect(toProblem(new Error(SECRET))).toMatchObject({ status: 500, detail: 'Internal Server Error' });
    expect(toProblem(undefined)).toMatchObject({ status: 500 });
  });
});
