import { describe, expect, test } from 'vitest';
import { SharedWork, type Work } from '../../src/shared-work.ts';

/** Work whose end the test decides. */
function manualWork() {
  const signals: AbortSignal[] = [];
  const ends: ((value: string) => void)[] = [];
  const emits: ((event: number) => void)[] = [];
  const work: Work<string, number> = (signal, emit) => {
    signals.push(signal);
    emits.push(emit);
    return new Promise((resolve, reject) => {
      ends.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  return { work, signals, ends, emits };
}

describe('work that several ask for', () => {
  test('is done once, and all hear of it', async () => {
    const { work, ends, emits } = manualWork();
    const shared = new SharedWork<string, number>();
    const heard: number[] = [];
    const onEvent = (event: number) => void heard.push(event);
    const answers = [shared.join('a', work, { onEvent }), shared.join('a', work, { onEvent })];
    emits[0]!(7);
    ends[0]!('done');
    expect(await Promise.all(answers)).toEqual(['done', 'done']);
    expect(ends).toHaveLength(1);
    expect(heard).toEqual([7, 7]);
  });

  test('goes on while one of them is left', async () => {
    const { work, ends, signals } = manualWork();
    const shared = new SharedWork<string, number>();
    const leaver = new AbortController();
    const left = shared.join('a', work, { signal: leaver.signal });
    const stayed = shared.join('a', work);
    leaver.abort(new Error('changed my mind'));
    await expect(left).rejects.toThrow('changed my mind');
    expect(signals[0]!.aborted).toBe(false);
    ends[0]!('done');
    expect(await stayed).toBe('done');
  });

  test('ends when all have left, and begins anew for the next', async () => {
    const { work, ends, signals } = manualWork();
    const shared = new SharedWork<string, number>();
    const leaver = new AbortController();
    const both = [1, 2].map(() => shared.join('a', work, { signal: leaver.signal }));
    leaver.abort(new Error('changed my mind'));
    for (const left of both) await expect(left).rejects.toThrow('changed my mind');
    expect(signals[0]!.aborted).toBe(true);
    const next = shared.join('a', work);
    ends[1]!('again');
    expect(await next).toBe('again');
  });

  test('that failed is tried again for the next', async () => {
    const shared = new SharedWork<string>();
    await expect(shared.join('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await shared.join('a', async () => 'yes')).toBe('yes');
  });

  test('can be ended for all, and is waited for until it has cleaned up', async () => {
    const shared = new SharedWork<string>();
    const leaver = new AbortController();
    let cleaned = 0;
    const work: Work<string, never> = async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await new Promise((resolve) => setImmediate(resolve));
      cleaned += 1;
      throw signal.reason;
    };
    const waiting = [shared.join('a', work), shared.join('b', work, { signal: leaver.signal })].map((each) =>
      each.catch((error: Error) => error.message),
    );
    leaver.abort(new Error('left'));
    await shared.close(new Error('closed'));
    expect(cleaned).toBe(2);
    expect(await Promise.all(waiting)).toEqual(['closed', 'left']);
  });

  test('is not begun for a signal that is aborted already', async () => {
    const { work, signals } = manualWork();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(new SharedWork<string, number>().join('a', work, { signal })).rejects.toThrow('too late');
    expect(signals).toEqual([]);
  });

  test('is not begun once it was closed', async () => {
    const { work, signals } = manualWork();
    const shared = new SharedWork<string, number>();
    await shared.close(new Error('closed'));
    await expect(shared.join('a', work)).rejects.toThrow('closed');
    expect(signals).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('my own fault');
      },
    ],
    ['rejects', () => Promise.reject(new Error('my own fault'))],
  ])('goes on for others when the listener of one %s, and is lost to that one', async (_, fail) => {
    const { work, ends, emits, signals } = manualWork();
    const shared = new SharedWork<string, number>();
    const heard: number[] = [];
    const clumsy = shared.join('a', work, { onEvent: fail });
    const stayed = shared.join('a', work, { onEvent: (event) => heard.push(event) });
    emits[0]!(1);
    await expect(clumsy).rejects.toThrow('my own fault');
    emits[0]!(2);
    expect(signals[0]!.aborted).toBe(false);
    ends[0]!('done');
    expect(await stayed).toBe('done');
    expect(heard).toEqual([1, 2]);
  });

  test('ends when the only one that waits has a listener that throws', async () => {
    const { work, emits, signals } = manualWork();
    const onEvent = () => {
      throw new Error('my own fault');
    };
    const alone = new SharedWork<string, number>().join('a', work, { onEvent });
    emits[0]!(1);
    await expect(alone).rejects.toThrow('my own fault');
    expect(signals[0]!.aborted).toBe(true);
  });
});
