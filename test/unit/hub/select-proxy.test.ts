import { expect, test } from 'vitest';
import { selectProxy } from '../../../src/hub/select-proxy.ts';

const PROXIES = { http: 'http://plain:3128', https: 'secure:3129' };

test.each([
  ['https://huggingface.co/x', '', 'http://secure:3129'],
  ['http://mirror/x', '', 'http://plain:3128'],
  ['https://huggingface.co/x', '*', null],
  ['https://huggingface.co/x', 'huggingface.co', null],
  ['https://cdn.huggingface.co/x', 'huggingface.co', null],
  ['https://cdn.huggingface.co/x', '.huggingface.co', null],
  ['https://cdn.huggingface.co/x', '*.huggingface.co', null],
  ['https://nothuggingface.co/x', 'huggingface.co', 'http://secure:3129'],
  ['http://127.0.0.1:8080/x', 'localhost, 127.0.0.1', null],
  ['http://127.0.0.1:8080/x', '127.0.0.1:9090', 'http://plain:3128'],
  ['http://127.0.0.1:8080/x', '127.0.0.1:8080', null],
  ['https://HuggingFace.co/x', 'HUGGINGFACE.CO:443', null],
  ['http://[::1]:8080/x', '[::1]', null],
  ['http://[::1]:8080/x', '::1', null],
])('%s with NO_PROXY=%j goes through %j', (url, noProxy, proxy) => {
  expect(selectProxy(new URL(url), { ...PROXIES, noProxy })).toBe(proxy);
});

test('a scheme without a proxy of its own goes directly', () => {
  expect(selectProxy(new URL('https://a/'), { http: 'http://plain', https: null, noProxy: '' })).toBeNull();
});
