import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { CollectedBytes } from '../../../../src/http/body/collected-bytes.ts';

const MIB = 1024 * 1024;

/** What is in use, without what only waits to be collected. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('all pieces are there in their order, and are taken once', () => {
  const collected = new CollectedBytes();
  const pieces = Array.from({ length: 3000 }, (_, i) => `${i},`);
  for (const piece of pieces) collected.add(Buffer.from(piece));
  expect(collected.take().toString()).toBe(pieces.join(''));
  collected.add(Buffer.from('more'));
  expect(collected.take().toString()).toBe('more');
  expect(collected.take()).toHaveLength(0);
});

test('a body in pieces of one byte takes little more memory than its bytes', () => {
  const before = usedBytes();
  const collected = new CollectedBytes();
  const received = Buffer.alloc(MIB, 'x');
  for (let i = 0; i < received.length; i++) collected.add(received.subarray(i, i + 1));
  expect(usedBytes() - before).toBeLessThan(4 * MIB);
  expect(collected.take().equals(received)).toBe(true);
});
