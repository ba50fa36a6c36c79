import { readFile } from 'node:fs/promises';
import { cleanToken } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import type { Clock } from './clock.ts';
import { defaultFetch, type Fetch } from './default-fetch.ts';
import type { HubSettings } from './hub-settings.ts';

/** A way to the Hub. It is opened for the first request only: what is cached needs none of it. */
export interface HubConnection {
  /** Without a slash at its end; may have a path, as mirrors do. */
  readonly endpoint: string;
  /** The only origin that ever sees the token. */
  readonly origin: string;
  readonly token: string | null;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  /** A connection that is silent for this long is given up. */
  readonly stallMs: number;
  /** Files in Xet storage of which this much is missing come from there. */
  readonly xetFromBytes: number;
}

/**
 * Opens the way to the Hub that the settings describe. Nothing is sent yet.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export async function openConnection(settings: HubSettings): Promise<HubConnection> {
  const { clock, random, stallMs, xet, xetFromBytes } = settings;
  const endpoint = parseEndpoint(settings.endpoint);
  return {
    endpoint: endpoint.href.replace(/\/+$/, ''),
    origin: endpoint.origin,
    token: settings.token ?? (settings.tokenPath === null ? null : await readToken(settings.tokenPath)),
    fetch: settings.fetch ?? (await defaultFetch(settings.proxies)),
    clock,
    random,
    stallMs,
    xetFromBytes: xet ? xetFromBytes : Number.POSITIVE_INFINITY,
  };
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalidEndpoint('is no http or https address');
  if (url.username !== '' || url.password !== '') throw invalidEndpoint('holds a user name or a password; use HF_TOKEN');
  if (url.search !== '' || url.hash !== '') throw invalidEndpoint('holds a "?" or a "#"');
  return url;
}

function invalidEndpoint(problem: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', `The Hub's address (endpoint, HF_ENDPOINT) ${problem}.`);
}

async function readToken(path: string): Promise<string | null> {
  try {
    return cleanToken(await readFile(path, 'utf8'));
  } catch {
    // Public repositories need none; a repository that does says so.
    return null;
  }
}
