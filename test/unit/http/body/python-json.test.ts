import { expect, test } from 'vitest';
import { JsonSyntaxError, parsePythonJson } from '../../../../src/http/body/python-json.ts';

function failure(text: string): JsonSyntaxError {
  try {
    parsePythonJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
  throw new Error('it was parsed');
}

test.each(['', 'a\\"b', '\\u00e9\\uD83D\\ude00', '\\/\\b\\f\\n\\r\\t\\\\', '\u007f\u{1f600}'])(
  'a string is read whole: %j',
  (content) => {
    expect(parsePythonJson(`"${content}"`)).toBe(JSON.parse(`"${content}"`));
  },
);

test.each([
  ['"\u{1f600}\u{1f600}\n"', 'Invalid control character at', 3],
  ['"\u{1f600}', 'Unterminated string starting at', 0],
  ['["\u{1f600}", "\\x"]', 'Invalid \\escape', 7],
  ['"\u{1f600}\\u12g4"', 'Invalid \\uXXXX escape', 3],
  ['"\\u12@4"', 'Invalid \\uXXXX escape', 2],
  ['"\\u1234', 'Invalid \\uXXXX escape', 2],
])('where %j is no JSON is told in characters', (text, message, position) => {
  expect(failure(text)).toMatchObject({ message, position });
});
