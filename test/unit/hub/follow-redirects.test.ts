import { describe, expect, test } from 'vitest';
import type { Fetch } from '../../../src/hub/default-fetch.ts';
import { followRedirects } from '../../../src/hub/follow-redirects.ts';
import { recordingClock } from '../../hub-server/recording-clock.ts';

const HUB = 'https://hub.example';
const signal = new AbortController().signal;

/** Answers by address: where it leads to, or the end. */
function fakeWeb(redirects: Readonly<Record<string, string>>) {
  const asked: { url: string; authorization: string | null }[] = [];
  const fetch: Fetch = async (url, init) => {
    asked.push({ url, authorization: new Headers(init.headers).get('authorization') });
    const location = redirects[url];
    return location === undefined ? new Response('end') : new Response(null, { status: 302, headers: { location } });
  };
  const connection = {
    endpoint: HUB,
    origin: HUB,
    token: 'hf_secret',
    fetch,
    clock: recordingClock(),
    random: () => 0,
    stallMs: 1000,
    xetFromBytes: 0,
  };
  return { asked, get: () => followRedirects(`${HUB}/a`, { method: 'GET', signal }, connection) };
}

describe('the token', () => {
  test('goes to the Hub, along its own redirects too', async () => {
    const { asked, get } = fakeWeb({ [`${HUB}/a`]: '/b' });
    await get();
    expect(asked).toEqual([
      { url: `${HUB}/a`, authorization: 'Bearer hf_secret' },
      { url: `${HUB}/b`, authorization: 'Bearer hf_secret' },
    ]);
  });

  test.each([
    ['another host', 'https://cdn.example/x'],
    ['another port', 'https://hub.example:8443/x'],
    ['a subdomain', 'https://cdn.hub.example/x'],
    ['a host whose name begins alike', 'https://hub.example.evil/x'],
  ])('does not go to %s', async (_, location) => {
    const { asked, get } = fakeWeb({ [`${HUB}/a`]: location });
    await get();
    expect(asked[1]).toEqual({ url: location, authorization: null });
  });

  test('does not go back to the Hub with what another host sends there', async () => {
    const { asked, get } = fakeWeb({ [`${HUB}/a`]: 'https://cdn.example/x', 'https://cdn.example/x': `${HUB}/b` });
    await get();
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer hf_secret', null, null]);
  });
});

describe('a redirect', () => {
  test.each([
    ['to a file', 'file:///etc/passwd'],
    ['to data', 'data:text/plain,x'],
    ['from https down to http', 'http://hub.example/x'],
    ['with a password', 'https://user:pass@cdn.example/x'],
    ['to nowhere', 'https://'],
  ])('%s is not followed', async (_, location) => {
    const { asked, get } = fakeWeb({ [`${HUB}/a`]: location });
    await expect(get()).rejects.toMatchObject({ code: 'HUB_INVALID_ANSWER' });
    expect(asked).toHaveLength(1);
  });

  test('in circles is followed only so far', async () => {
    const { asked, get } = fakeWeb({ [`${HUB}/a`]: '/a' });
    await expect(get()).rejects.toMatchObject({ code: 'HUB_INVALID_ANSWER' });
    expect(asked.length).toBeLessThan(10);
  });
});
