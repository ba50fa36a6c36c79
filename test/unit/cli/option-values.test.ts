import { describe, expect, test } from 'vitest';
import { byteSize, duration, durationOrForever, port, rate } from '../../../src/cli/option-values.ts';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1.5s', 1500],
    ['0', 0],
    ['0s', 0],
  ])('%s is so many milliseconds: %i', (text, expected) => expect(duration(text)).toBe(expected));

  test.each(['', '5', 's', '-1s', '5 m', '1e3s', '5d', '1000h', 'forever', 'NaNs'])('%j is none', (text) =>
    expect(() => duration(text)).toThrow('It must be a duration'),
  );

  test('may be for ever where that makes sense', () => {
    expect(durationOrForever('forever')).toBe(Infinity);
    expect(durationOrForever('0')).toBe(0);
    expect(() => durationOrForever('never')).toThrow('or forever');
  });
});

describe('a size', () => {
  test.each([
    ['4GB', 4e9],
    ['512MiB', 512 * 2 ** 20],
    ['1.5 gib', 1.5 * 2 ** 30],
    ['10kb', 10_000],
    ['123', 123],
  ])('%s is so many bytes: %i', (text, expected) => expect(byteSize(text)).toBe(expected));

  test.each(['', '0', '-5MB', 'GB', '5XB', '99999999999GB', '0.5'])('%j is none', (text) =>
    expect(() => byteSize(text)).toThrow('It must be a size'),
  );
});

describe('a port', () => {
  test.each([
    ['0', 0],
    ['8000', 8000],
    ['65535', 65_535],
  ])('%s is %i', (text, expected) => expect(port(text)).toBe(expected));

  test.each(['', '65536', '-1', '80.5', '0x50', 'http'])('%j is none', (text) => expect(() => port(text)).toThrow('port'));
});

describe('a rate', () => {
  test.each([
    ['10/s', 10, 1000],
    ['60/m', 60, 60_000],
    ['1000/h', 1000, 3_600_000],
  ])('%s is so many requests in so many milliseconds: %i, %i', (text, requests, periodMs) =>
    expect(rate(text)).toEqual({ requests, periodMs }),
  );

  test.each(['', '60', '0/m', '60/d', '-1/s', '1.5/s', '60 / m', '/m', '60/m/s'])('%j is none', (text) =>
    expect(() => rate(text)).toThrow('60/m'),
  );
});
