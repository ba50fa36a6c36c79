import { describe, expect, test } from 'vitest';
import { judgeOutcome, sameValue } from '../../../bench/judge-outcome.js';

const SUMMARY = { summary: 'A lighthouse.', score: -0.51234, output_tokens: 7 };
const request = { model: 't5', reference: { status: 200, body: SUMMARY } };
const root = { model: null, reference: { status: 200, body: { message: 'Welcome' } } };
const times = { startMs: 1000, endMs: 2000, cancelled: false };
const crashed = { detail: 'The process that ran the model ended unexpectedly; send the request again.' };

describe('an answer under load', () => {
  test('is right when it equals the one that was given alone', () => {
    expect(judgeOutcome(request, { ...times, status: 200, body: { ...SUMMARY } }, [])).toBe('right');
    expect(judgeOutcome(request, { ...times, status: 200, body: { ...SUMMARY, score: -0.51239 } }, [])).toBe('right');
  });

  test.each([
    ['another text', { ...SUMMARY, summary: 'A lighthouse' }],
    ['another score', { ...SUMMARY, score: -0.513 }],
    ['another count', { ...SUMMARY, output_tokens: 8 }],
    ['less', { summary: SUMMARY.summary }],
    ['more', { ...SUMMARY, truncated: true }],
    ['nothing', null],
    ['text that is no JSON', '{"summary": "A light'],
  ])('is wrong with %s', (_, body) => {
    expect(judgeOutcome(request, { ...times, status: 200, body }, [])).toBe('wrong');
  });

  test('is wrong with another status, also where the body is the same', () => {
    expect(judgeOutcome(request, { ...times, status: 201, body: SUMMARY }, [])).toBe('wrong');
  });

  test.each([429, 503])('may be a refusal with %d, if that says when to ask again', (status) => {
    expect(judgeOutcome(request, { ...times, status, body: {}, retryAfter: '3' }, [])).toBe('refused');
    expect(judgeOutcome(request, { ...times, status, body: {} }, [])).toBe('wrong');
    expect(judgeOutcome(request, { ...times, status, body: {}, retryAfter: '0' }, [])).toBe('wrong');
    expect(judgeOutcome(root, { ...times, status, body: {}, retryAfter: '3' }, [])).toBe('wrong');
  });

  test('that never came is lost, unless the client left', () => {
    expect(judgeOutcome(request, { ...times, failure: 'ECONNRESET' }, [])).toBe('lost');
    expect(judgeOutcome(request, { ...times, failure: 'ECONNRESET', cancelled: true }, [])).toBe('cancelled');
    expect(judgeOutcome(request, times, [])).toBe('lost');
  });
});

describe('a crash', () => {
  const outcome = { ...times, status: 500, body: crashed };

  test('is told to what was under way when the runner of its model was killed', () => {
    expect(judgeOutcome(request, outcome, [{ atMs: 1500, noticedMs: 1510, model: 't5' }])).toBe('crashed');
    expect(judgeOutcome(request, outcome, [{ atMs: 1995, noticedMs: Infinity, model: undefined }])).toBe('crashed');
  });

  test.each([
    ['nothing was killed', []],
    ['the kill was over before', [{ atMs: 900, noticedMs: 950, model: 't5' }]],
    ['the kill came after', [{ atMs: 2001, noticedMs: 2010, model: 't5' }]],
    ["another model's runner was killed", [{ atMs: 1500, noticedMs: 1510, model: 'bart' }]],
  ])('is wrong where %s', (_, kills) => {
    expect(judgeOutcome(request, outcome, kills)).toBe('wrong');
  });

  test('excuses no other error, and nothing that waits for no model', () => {
    const kills = [{ atMs: 1500, noticedMs: 1510, model: undefined }];
    expect(judgeOutcome(request, { ...outcome, body: { detail: 'Internal Server Error' } }, kills)).toBe('wrong');
    expect(judgeOutcome(request, { ...times, status: 200, body: { summary: '' } }, kills)).toBe('wrong');
    expect(judgeOutcome(root, outcome, kills)).toBe('wrong');
  });
});

describe('two values', () => {
  test('are the same but for the last digits of scores', () => {
    expect(sameValue([{ a: 0.5 }, 'x', null], [{ a: 0.50009 }, 'x', null])).toBe(true);
    expect(sameValue([1, 2], [2, 1])).toBe(false);
    expect(sameValue([], {})).toBe(false);
    expect(sameValue({ a: undefined }, { b: undefined })).toBe(false);
    expect(sameValue(Number.NaN, 0.5)).toBe(false);
  });
});
