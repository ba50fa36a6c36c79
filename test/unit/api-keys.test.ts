import { describe, expect, test } from 'vitest';
import { checkKeyName, createApiKey, formatStoredKey, hashApiKey, parseApiKeys } from '../../src/api-keys.ts';

const HASH = hashApiKey('op_a').toString('hex');
const OTHER = hashApiKey('op_b').toString('hex');

test('a key has 256 random bits, and a beginning by which it is found where it should not be', () => {
  const keys = Array.from({ length: 100 }, createApiKey);
  for (const key of keys) expect(key).toMatch(/^op_[A-Za-z0-9_-]{43}$/);
  expect(new Set(keys).size).toBe(100);
});

test('a line holds a name and a hash, which any program can make', () => {
  // printf %s op_a | sha256sum
  expect(formatStoredKey({ name: 'team-a', hash: hashApiKey('op_a') })).toBe(
    'team-a:836510f391491616547dc533c2e00ba800b4c7eff86fb46ff0fae3d5cd69baa6',
  );
});

describe('a file of keys', () => {
  test('has comments, blank lines and lines of Windows', () => {
    const text = `\uFEFF# who\r\n\r\n  team-a:${HASH}  \r\nb.2:${OTHER.toUpperCase()}`;
    expect(parseApiKeys(text, 'keys').map(({ name, hash }) => [name, hash.toString('hex')])).toEqual([
      ['team-a', HASH],
      ['b.2', OTHER],
    ]);
  });

  test('may be empty', () => expect(parseApiKeys('', 'keys')).toEqual([]));

  test.each([
    ['a name without a hash', 'team-a', /line 1: it must be NAME:SHA256/],
    ['a hash that is too short', `a:${HASH.slice(1)}`, /line 1/],
    ['a name with a space', `\nteam a:${HASH}`, /line 2/],
    ['two keys of a name', `a:${HASH}\na:${OTHER}`, /the same name, or the same key/],
    ['two names of a key', `a:${HASH}\nb:${HASH}`, /the same name, or the same key/],
    ['the hash of nothing, which a request without a key has', `a:${hashApiKey('').toString('hex')}`, /hash of nothing/],
    ['too many', Array.from({ length: 1001 }, (_, i) => `k${i}:${hashApiKey(String(i)).toString('hex')}`).join('\n'), /1000/],
  ])('may not have %s', (_, text, reason) => {
    expect(() => parseApiKeys(text, 'keys')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(reason) }),
    );
  });

  test('that holds a key itself is refused without repeating it', () => {
    expect(() => parseApiKeys('a:op_secret', 'keys')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('op_secret') }),
    );
  });
});

test.each(['', 'a b', 'a:b', '#a', 'ä', 'x'.repeat(65)])('%j names no key', (name) => {
  expect(() => checkKeyName(name)).toThrow('A key is named by');
});
