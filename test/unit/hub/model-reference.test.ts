import { describe, expect, test } from 'vitest';
import { looksLikeRepository, parseModelReference } from '../../../src/hub/model-reference.ts';

describe('a reference to a repository', () => {
  test.each([
    ['Xenova/mit-b0', undefined, 'Xenova/mit-b0', 'main'],
    ['Xenova/mit-b0@v1.0', undefined, 'Xenova/mit-b0', 'v1.0'],
    ['Xenova/mit-b0', 'refs/pr/3', 'Xenova/mit-b0', 'refs/pr/3'],
    ['a_b/c.d-e_', '0123456789abcdef0123456789abcdef01234567', 'a_b/c.d-e_', '0123456789abcdef0123456789abcdef01234567'],
    ['Xenova/mit-b0@main', 'main', 'Xenova/mit-b0', 'main'],
  ])('%s with the revision %s is understood', (name, revision, repository, expected) => {
    expect(parseModelReference(name, revision)).toEqual({ repository, revision: expected });
  });

  test.each([
    'mit-b0',
    'a/b/c',
    '../b',
    'a/..',
    'a/.b',
    '-a/b',
    'a/b-',
    'a/b.git',
    'a--b/c',
    'a/b--c',
    'a/b c',
    'a/b\u0000',
    'a\\b/c',
    `a/${'b'.repeat(100)}`,
    'ä/b',
    '/b',
    'a/',
  ])('%j is refused', (name) => {
    expect(() => parseModelReference(name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test.each([
    '',
    '..',
    'a/../b',
    '/etc/passwd',
    'a\\b',
    'a//b',
    'a/',
    '.hidden',
    'a.lock',
    'a b',
    'a\u0000',
    'nul',
    'feature/aux.x',
    '-rf',
    '@',
    'a:b',
    'x'.repeat(300),
  ])('the revision %j is refused', (revision) => {
    expect(() => parseModelReference('a/b', revision)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('with two revisions that differ is refused', () => {
    expect(() => parseModelReference('a/b@v1', 'v2')).toThrow('disagree');
  });
});

test.each([
  ['Xenova/mit-b0', true],
  ['Xenova/mit-b0@refs/pr/1', true],
  ['../mit-b0', false],
  ['./a/b', false],
  ['/a/b', false],
  ['~/models', false],
  ['mit-b0', false],
  ['a/b/c', false],
  ['C:/models', false],
  ['a\\b', false],
])('%j looks like a repository: %j', (name, expected) => {
  expect(looksLikeRepository(name)).toBe(expected);
});
