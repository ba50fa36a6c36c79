import { describe, expect, test } from 'vitest';
import { fillPath, matchPath, toRouterPath } from '../../../src/http/path-pattern.ts';

const PATTERN = '/v2/models/{name}/versions/{version}/infer';

test('a parameter stands for one segment', () => {
  expect(matchPath(PATTERN, '/v2/models/a b/versions/%41/infer')).toEqual({ name: 'a b', version: '%41' });
});

test.each(['/v2/models//versions/1/infer', '/v2/models/a/b/versions/1/infer', '/v2/models/a/versions/1/infer/', '/v2/models/a'])(
  'it does not stand for none, or for two: %s',
  (path) => {
    expect(matchPath(PATTERN, path)).toBeUndefined();
  },
);

test('a path without parameters matches itself alone', () => {
  expect(matchPath('/models', '/models')).toEqual({});
  expect(matchPath('/models', '/Models')).toBeUndefined();
});

describe('a pattern', () => {
  test('is filled with what can stand in an address', () => {
    expect(fillPath('/models/{alias}', { alias: '../"\n' })).toBe('/models/..%2F%22%0A');
  });

  test('is spelled for the router', () => {
    expect(toRouterPath(PATTERN)).toBe('/v2/models/:name/versions/:version/infer');
  });
});
