import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readHubEnvironment, readPreparedEnvironment, runnerEnvironment } from '../../src/config.ts';

const HOME = '/home/ada';

function read(env: NodeJS.ProcessEnv) {
  return readHubEnvironment(env, HOME);
}

describe('the cache folder', () => {
  test.each([
    [{}, '/home/ada/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/hf' }, '/hf/hub'],
    [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
    [{ HF_HOME: '~/models' }, '/home/ada/models/hub'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's variable, not a template's
    [{ HF_HOME: '$DISK/${NAME}-hf', DISK: '/disk', NAME: 'ada' }, '/disk/ada-hf/hub'],
    [{ HF_HUB_CACHE: '$UNKNOWN/hub' }, resolve('$UNKNOWN/hub')],
    [{ HF_HOME: 'usb' }, resolve('usb/hub')],
    [{ HF_HUB_CACHE: '', HF_HOME: '' }, '/home/ada/.cache/huggingface/hub'],
  ])('for %j is where Python’s huggingface_hub has it', (env, folder) => {
    expect(read(env).cacheDir).toBe(folder);
  });
});

describe('the token', () => {
  test.each([
    [{}, null],
    [{ HF_TOKEN: 'hf_a', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_a'],
    [{ HUGGING_FACE_HUB_TOKEN: 'hf_b' }, 'hf_b'],
    [{ HF_TOKEN: ' hf_a\r\n' }, 'hf_a'],
    [{ HF_TOKEN: '  ' }, null],
    [{ HF_TOKEN: 'hf_a', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, null],
  ])('for %j is %j', (env, token) => {
    expect(read(env).token).toBe(token);
  });

  test.each([
    [{}, '/home/ada/.cache/huggingface/token'],
    [{ HF_HOME: '/hf' }, '/hf/token'],
    [{ HF_HOME: '/hf', HF_TOKEN_PATH: '~/token' }, '/home/ada/token'],
    [{ HF_TOKEN_PATH: 'my-token' }, resolve('my-token')],
    [{ HF_HUB_DISABLE_IMPLICIT_TOKEN: 'yes' }, null],
  ])('for %j may be in the file %j', (env, path) => {
    expect(read(env).tokenPath).toBe(path);
  });
});

describe('yes', () => {
  test.each(['1', 'on', 'ON', 'yes', 'True'])('is %j', (value) => {
    expect(read({ HF_HUB_OFFLINE: value }).offline).toBe(true);
    expect(read({ HF_HUB_DISABLE_PROGRESS_BARS: value }).progressBars).toBe(false);
  });

  test.each(['0', 'off', 'no', 'false', '', 'y', '2'])('is not %j', (value) => {
    expect(read({ HF_HUB_OFFLINE: value }).offline).toBe(false);
  });

  test('of TRANSFORMERS_OFFLINE counts where HF_HUB_OFFLINE says nothing', () => {
    expect(read({ TRANSFORMERS_OFFLINE: '1' }).offline).toBe(true);
    expect(read({ TRANSFORMERS_OFFLINE: '1', HF_HUB_OFFLINE: '0' }).offline).toBe(false);
  });
});

test('the endpoint has no slash at its end', () => {
  expect(read({}).endpoint).toBe('https://huggingface.co');
  expect(read({ HF_ENDPOINT: 'https://mirror.example/hf//' }).endpoint).toBe('https://mirror.example/hf');
});

test('proxies are read in lower case before upper case', () => {
  const env = { http_proxy: 'http://a', HTTP_PROXY: 'http://b', HTTPS_PROXY: 'http://c', NO_PROXY: 'localhost' };
  expect(read(env).proxies).toEqual({ http: 'http://a', https: 'http://c', noProxy: 'localhost' });
  expect(read({}).proxies).toEqual({ http: null, https: null, noProxy: '' });
});

describe('a runner’s environment', () => {
  test('is this one’s, without telemetry and with large pages', () => {
    expect(runnerEnvironment({ PATH: '/bin' })).toEqual({
      PATH: '/bin',
      ORT_DISABLE_TELEMETRY: '1',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    });
  });

  test('leaves the user’s own tunables as they are, and large pages to the user who decided', () => {
    const tunablesOf = (tunables: string) => runnerEnvironment({ GLIBC_TUNABLES: tunables })['GLIBC_TUNABLES'];
    expect(tunablesOf('glibc.malloc.check=3')).toBe('glibc.malloc.check=3:glibc.malloc.hugetlb=1');
    expect(tunablesOf('glibc.malloc.hugetlb=0')).toBe('glibc.malloc.hugetlb=0');
  });
});

describe('prepared models', () => {
  const prepared = (env: NodeJS.ProcessEnv) => readPreparedEnvironment(env, '/home/me');

  test('are kept in the user’s cache, or where a variable says', () => {
    expect(prepared({}).dir).toBe('/home/me/.cache/onnx-predict/prepared');
    expect(prepared({ XDG_CACHE_HOME: '/var/cache' }).dir).toBe('/var/cache/onnx-predict/prepared');
    expect(prepared({ ONNX_PREDICT_PREPARED_DIR: '~/fast', XDG_CACHE_HOME: '/var/cache' }).dir).toBe('/home/me/fast');
    expect(prepared({ ONNX_PREDICT_PREPARED_DIR: '' }).dir).toBe('/home/me/.cache/onnx-predict/prepared');
  });

  test('are made as a variable says', () => {
    expect(prepared({}).prepare).toBeNull();
    expect(prepared({ ONNX_PREDICT_PREPARE: '' }).prepare).toBeNull();
    expect(prepared({ ONNX_PREDICT_PREPARE: 'Never' }).prepare).toBe('never');
  });
});
