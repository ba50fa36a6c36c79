import { describe, expect, test } from 'vitest';
import { type FetchAddress, fetchPicture, isAddress, parseAddress } from '../../../src/cli/fetch-picture.ts';

const LIMITS = { hosts: new Set(['a.example', 'b.example:8080']), maxBytes: 10, timeoutMs: 1000 };
const { signal } = new AbortController();

/** A web of pages: a string is a body, an object a redirect or a status. */
function web(
  pages: Readonly<
    Record<string, string | { readonly to?: string; readonly status?: number; readonly headers?: Record<string, string> }>
  >,
) {
  const asked: string[] = [];
  const ask: FetchAddress = async (address) => {
    asked.push(address);
    const page = pages[address] ?? { status: 404 };
    if (typeof page === 'string') return new Response(page);
    const { to, status = to === undefined ? 200 : 302, headers = {} } = page;
    return new Response(null, { status, headers: to === undefined ? headers : { location: to } });
  };
  return { asked, fetch: (address: string) => fetchPicture(address, LIMITS, signal, ask) };
}

test.each([
  ['https://a.example/x.jpg', true],
  ['HTTP://a.example', true],
  ['ftp://a.example', false],
  ['http:/a', false],
  ['photo.jpg', false],
])('%j is an address: %j', (argument, is) => {
  expect(isAddress(argument)).toBe(is);
});

test.each(['https://ada@a.example/', 'https://ada:secret@a.example/', 'http://'])(
  '%j is refused, and no password is repeated',
  (address) => {
    expect(() => parseAddress(address)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
    expect(() => parseAddress(address)).not.toThrow('secret');
  },
);

describe('a picture', () => {
  test('is fetched, through redirects between hosts that were named', async () => {
    const { asked, fetch } = web({
      'https://a.example/1': { to: '/2' },
      'https://a.example/2': { to: 'https://b.example:8080/3' },
      'https://b.example:8080/3': 'picture',
    });
    expect(Buffer.from(await fetch('https://a.example/1')).toString()).toBe('picture');
    expect(asked).toHaveLength(3);
  });

  test.each([
    ['https://c.example/', 'the host c.example, which you did not name'],
    ['https://b.example/', 'the host b.example, which you did not name'],
    ['http://169.254.169.254/latest', 'the host 169.254.169.254'],
    ['http://a.example/', 'from https to http'],
    ['https://ada:secret@a.example/', 'a password'],
    ['file:///etc/passwd', 'leads to file:'],
    ['https://a.example/1', 'leads on and on'],
  ])('that is said to be at %j is not followed there', async (to, problem) => {
    const { asked, fetch } = web({ 'https://a.example/1': { to } });
    await expect(fetch('https://a.example/1')).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining(problem) as string,
    });
    expect(new Set(asked)).toEqual(new Set(['https://a.example/1']));
  });

  test('is read no further than it may be long, whatever its length is said to be', async () => {
    const tooLarge = { code: 'IMAGE_TOO_LARGE' };
    await expect(web({ 'https://a.example/1': 'eleven char' }).fetch('https://a.example/1')).rejects.toMatchObject(tooLarge);
    const said = web({ 'https://a.example/1': { headers: { 'content-length': '11' } } });
    await expect(said.fetch('https://a.example/1')).rejects.toMatchObject(tooLarge);
  });

  test.each([
    [404, 'INPUT_NOT_FOUND'],
    [410, 'INPUT_NOT_FOUND'],
    [403, 'INPUT_UNREADABLE'],
    [304, 'INPUT_UNREADABLE'],
    [503, 'INPUT_UNREADABLE'],
  ])('whose host answers with %d is told of as %s', async (status, code) => {
    await expect(web({ 'https://a.example/1': { status } }).fetch('https://a.example/1')).rejects.toMatchObject({ code });
  });

  test('that does not come in time, or whose fetching is given up, is not waited for', async () => {
    const never: FetchAddress = (_, given) =>
      new Promise((_resolve, reject) => given.addEventListener('abort', () => reject(given.reason as Error)));
    await expect(fetchPicture('https://a.example/', { ...LIMITS, timeoutMs: 5 }, signal, never)).rejects.toThrow(
      'did not arrive within 0.005 s',
    );
    const reason = new Error('given up');
    await expect(fetchPicture('https://a.example/', LIMITS, AbortSignal.abort(reason), never)).rejects.toBe(reason);
  });
});
