import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { decodePicture, isBase64Picture, maxBase64Length } from '../../../../src/http/body/base64-picture.ts';

const SHIP = await readFile('examples/ship.jpg');
const ENCODED = SHIP.toString('base64');
const decode = (text: string, maxBytes = SHIP.length) => decodePicture(text, { name: 'inputs', maxBytes });

describe('a picture in base64', () => {
  test.each([
    ['as it is', ENCODED],
    ['with a prefix', `data:image/jpeg;base64,${ENCODED}`],
    ['with a prefix of parameters', `data:image/jpeg;name=a.jpg;base64,${ENCODED}`],
    ['in lines', `${ENCODED.replace(/.{76}/g, '$&\r\n')}\n`],
    ['of the alphabet for addresses', SHIP.toString('base64url')],
  ])('is decoded %s', (_, text) => {
    expect(decode(text).equals(SHIP)).toBe(true);
    expect(text.length).toBeLessThanOrEqual(maxBase64Length(SHIP.length));
  });

  test.each(['', 'data:image/png;base64,', 'a picture!', 'data:image/svg+xml,<svg>', `${ENCODED}===`, 'data:,abc'])(
    'is refused where it is none: %.30s',
    (text) => {
      expect(() => decode(text)).toThrow(expect.objectContaining({ status: 400 }));
    },
  );

  test('is refused where it is too large', () => {
    expect(() => decode(ENCODED, SHIP.length - 1)).toThrow(expect.objectContaining({ status: 413 }));
  });
});

describe('a string is meant as a picture', () => {
  test.each([ENCODED, `data:image/jpeg;base64,${ENCODED}`])('where it begins as files of pictures do', (text) => {
    expect(isBase64Picture(text)).toBe(true);
  });

  test.each([
    'The old bridge over the Elm.',
    '/9j/ is how a JPEG begins in base64, as every reader of this page will know by now.',
    'Qk',
    'data: a word',
  ])('and not where it has words: %s', (text) => {
    expect(isBase64Picture(text)).toBe(false);
  });
});
