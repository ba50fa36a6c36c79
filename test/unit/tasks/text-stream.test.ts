import { expect, test } from 'vitest';
import { createTextStream } from '../../../src/tasks/text-stream.ts';

test('gives whole words, and the last one at the end', () => {
  const stream = createTextStream();
  const states = ['The', 'The mus', 'The museum', 'The museum will', 'The museum will be'];
  expect(states.map((text) => stream.advance(text))).toEqual(['', 'The', '', ' museum', ' will']);
  expect(stream.end('The museum will be closed.')).toBe(' be closed.');
});

test('holds characters back whose bytes are not all there', () => {
  const stream = createTextStream();
  const parts = [stream.advance('a \ufffd'), stream.advance('a é'), stream.advance('a é b'), stream.end('a é b')];
  expect(parts).toEqual(['a', '', ' é', ' b']);
});

test('a text of one word comes at the end', () => {
  const stream = createTextStream();
  expect([stream.advance('a'), stream.advance('ab'), stream.end('abc')]).toEqual(['', '', 'abc']);
});
