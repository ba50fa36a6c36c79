import { expect, test } from 'vitest';
import { createMemoryRateLimitStore, type RateLimitDecision } from '../../../../src/http/access/rate-limit.ts';

const LIMIT = { requests: 3, periodMs: 60_000 };

/** A store, and the clock that it goes by. */
function createStore(maxBuckets?: number) {
  const clock = { nowMs: 1000 };
  const store = createMemoryRateLimitStore({ nowMs: () => clock.nowMs, ...(maxBuckets === undefined ? {} : { maxBuckets }) });
  return { clock, take: (id: string) => store.take(id, LIMIT) as RateLimitDecision };
}

test('so many requests are allowed at once, and no more', () => {
  const { take } = createStore();
  expect([take('a'), take('a'), take('a')]).toEqual([
    { allowed: true, remaining: 2, resetMs: 20_000 },
    { allowed: true, remaining: 1, resetMs: 40_000 },
    { allowed: true, remaining: 0, resetMs: 60_000 },
  ]);
  expect(take('a')).toEqual({ allowed: false, remaining: 0, resetMs: 20_000 });
});

test('one is allowed again when its share of the period is over, and not before; being refused costs nothing', () => {
  const { clock, take } = createStore();
  for (let i = 0; i < 100; i++) take('a');
  clock.nowMs += 19_999;
  expect(take('a')).toMatchObject({ allowed: false, resetMs: expect.closeTo(1) });
  clock.nowMs += 1;
  expect(take('a')).toMatchObject({ allowed: true, remaining: 0 });
  expect(take('a').allowed).toBe(false);
});

test('who asks nothing for long may not save more than the limit', () => {
  const { clock, take } = createStore();
  take('a');
  clock.nowMs += 1e9;
  expect([take('a'), take('a'), take('a'), take('a')].map(({ allowed }) => allowed)).toEqual([true, true, true, false]);
});

test('each is counted alone', () => {
  const { take } = createStore();
  for (let i = 0; i < 4; i++) take('a');
  expect(take('b')).toMatchObject({ allowed: true, remaining: 2 });
});

test('of more than it can keep, who has not asked for longest is forgotten', () => {
  const { take } = createStore(2);
  for (let i = 0; i < 3; i++) take('a');
  take('b');
  take('a');
  take('c');
  expect(take('a').allowed).toBe(false);
  expect(take('b')).toMatchObject({ allowed: true, remaining: 2 });
});
