import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { Admission } from '../../../src/runtime/admission.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function refusal(run: () => unknown): OnnxPredictError {
  try {
    run();
  } catch (error) {
    if (error instanceof OnnxPredictError) return error;
    throw error;
  }
  throw new Error('it was admitted');
}

describe('admission', () => {
  test('takes requests until their cost is too much, and again when one has gone', () => {
    const admission = new Admission({ maxCost: 3, maxBytes: Infinity });
    const first = admission.admit('a', { cost: 2, bytes: 0 });
    admission.admit('b', { cost: 1, bytes: 0 });
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 0 })).code).toBe('QUEUE_FULL');
    first.release({ answered: true });
    admission.admit('a', { cost: 2, bytes: 0 });
  });

  test('bounds the bytes held too', () => {
    const admission = new Admission({ maxCost: 100, maxBytes: 10 });
    admission.admit('a', { cost: 1, bytes: 6 });
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 5 })).code).toBe('QUEUE_FULL');
    admission.admit('a', { cost: 1, bytes: 4 });
  });

  test('takes what is too large for any queue when nothing else is there', () => {
    const admission = new Admission({ maxCost: 3, maxBytes: 10 });
    const large = admission.admit('a', { cost: 500, bytes: 500 });
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 0 })).code).toBe('QUEUE_FULL');
    large.release({ answered: false });
    large.release({ answered: false });
    expect(admission.held('a')).toEqual({ cost: 0, bytes: 0 });
    admission.admit('a', { cost: 3, bytes: 10 });
  });

  test('is empty once all have gone, whatever the rounding of their costs left', () => {
    const admission = new Admission({ maxCost: 3, maxBytes: Infinity });
    const admitted = [1.1, 1.3, 0.4].map((cost) => admission.admit('a', { cost, bytes: 0 }));
    for (const each of admitted) each.release({ answered: false });
    expect(admission.held('a')).toEqual({ cost: 0, bytes: 0 });
    admission.admit('a', { cost: 500, bytes: 0 });
  });

  test('takes several requests that come together, or none of them', () => {
    const admission = new Admission({ maxCost: 3, maxBytes: 10 });
    const request = { cost: 1, bytes: 2 };
    const admitted = admission.admitAll('a', [request, request]);
    expect(refusal(() => admission.admitAll('b', [request, request])).code).toBe('QUEUE_FULL');
    expect(admission.held('b')).toEqual({ cost: 0, bytes: 0 });
    admitted[0]!.release({ answered: true });
    expect(admission.held('a')).toEqual(request);
    admission.admitAll('b', [request, request]);
  });

  test('takes several that come alone, however large they are together', () => {
    const admission = new Admission({ maxCost: 3, maxBytes: 10 });
    expect(
      admission.admitAll(
        'a',
        Array.from({ length: 9 }, () => ({ cost: 1, bytes: 5 })),
      ),
    ).toHaveLength(9);
  });

  test('tells what each model has waiting', () => {
    const admission = new Admission({ maxCost: 10, maxBytes: 10 });
    admission.admit('a', { cost: 1, bytes: 2 });
    admission.admit('a', { cost: 2, bytes: 3 });
    admission.admit('b', { cost: 4, bytes: 5 });
    expect(admission.held('a')).toEqual({ cost: 3, bytes: 5 });
    expect(admission.held('c')).toEqual({ cost: 0, bytes: 0 });
  });

  test('says when to come again by how long answers took, for the room that is missing', () => {
    const admission = new Admission({ maxCost: 4, maxBytes: Infinity });
    const admitted = Array.from({ length: 4 }, () => admission.admit('a', { cost: 1, bytes: 0 }));
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 0 })).retryAfterMs).toBe(1000);
    vi.advanceTimersByTime(4000);
    admitted[0]!.release({ answered: true });
    admission.admit('a', { cost: 1, bytes: 0 });
    const error = refusal(() => admission.admit('a', { cost: 2, bytes: 0 }));
    expect(error.retryAfterMs).toBeCloseTo(8000);
    expect(error.message).toContain('8 s');
  });

  test('does not learn from the time until a model was there, which many may have waited for', () => {
    const admission = new Admission({ maxCost: 2, maxBytes: Infinity });
    const admitted = [1, 2].map(() => admission.admit('a', { cost: 1, bytes: 0 }));
    vi.advanceTimersByTime(62_000);
    admitted[0]!.release({ answered: true, loadMs: 60_000 });
    vi.advanceTimersByTime(2000);
    admitted[1]!.release({ answered: true, loadMs: 60_000 });
    admission.admit('a', { cost: 2, bytes: 0 });
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 0 })).retryAfterMs).toBeCloseTo(2000);
  });

  test('does not learn from what was given up, nor from pauses', () => {
    const admission = new Admission({ maxCost: 1, maxBytes: Infinity });
    const first = admission.admit('a', { cost: 1, bytes: 0 });
    vi.advanceTimersByTime(50_000);
    first.release({ answered: false });
    vi.advanceTimersByTime(50_000);
    const second = admission.admit('a', { cost: 1, bytes: 0 });
    vi.advanceTimersByTime(2000);
    second.release({ answered: true });
    vi.advanceTimersByTime(50_000);
    admission.admit('a', { cost: 1, bytes: 0 });
    expect(refusal(() => admission.admit('a', { cost: 1, bytes: 0 })).retryAfterMs).toBeCloseTo(2000);
  });
});
