import { expect, test } from 'vitest';
import { parseLabels } from '../../../src/tasks/model-labels.ts';

test('labels come in the order of their rows, whatever the order of the keys', () => {
  expect(parseLabels({ id2label: { '1': 'dog', '0': 'cat' }, other: 1 }, 'config.json')).toEqual(['cat', 'dog']);
});

test.each([
  ['no object', 'text', 'no id2label'],
  ['no id2label', { label2id: {} }, 'no id2label'],
  ['an empty id2label', { id2label: {} }, 'empty id2label'],
  ['a label that is no text', { id2label: { '0': 7 } }, 'no id2label that maps'],
  ['a row left out', { id2label: { '0': 'a', '2': 'c' } }, 'none for row 1'],
  ['a key that is no row', { id2label: { a: 'x' } }, 'none for row 0'],
  ['an endless label', { id2label: { '0': 'a'.repeat(5000) } }, '5000 characters'],
  ['endless labels', { id2label: Object.fromEntries(Array.from({ length: 100_001 }, (_, i) => [i, 'x'])) }, '100001 labels'],
])('a config with %s is refused by name', (_, config, problem) => {
  expect(() => parseLabels(config, 'folder/config.json')).toThrow(`folder/config.json has`);
  expect(() => parseLabels(config, 'folder/config.json')).toThrow(problem);
});
