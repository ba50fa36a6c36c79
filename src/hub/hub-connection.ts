import { readFile } from 'node:fs/promises';
import { cleanToken } from '../config.ts';
import type { Clock } from '../disk/clock.ts';
import { OnnxPredictError } from '../errors.ts';
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
  /** Told before each wait for another attempt; the download that the connection was lent to sets it. */
  readonly onRetry?: ((failure: OnnxPredictError, delayMs: number) => void) | undefined;
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
    token: await findToken(settings),
    fetch: settings.fetch ?? (await defaultFetch(settings.proxies)),
    clock,
    random,
    stallMs,
    xetFromBytes: xet ? xetFromBytes : Number.POSITIVE_INFINITY,
  };
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalidEndpoint('is no http or https address');
  if (url.username !== '' || url.password !== '') throw invalidEndpoint('holds a user name or a password; use HF_TOKEN');
  if (url.search !== '' || url.hash !== '') throw invalidEndpoint('holds a "?" or a "#"');
  return url;
}

function invalidEndpoint(problem: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', `The Hub's address (endpoint, HF_ENDPOINT) ${problem}.`);
}

async function findToken({ token, tokenPath }: HubSettings): Promise<string | null> {
  if (token !== null) return checkToken(token, "The Hub's token (token, HF_TOKEN)");
  const found = tokenPath === null ? null : await readToken(tokenPath);
  return found === null ? null : checkToken(found, `The Hub's token in the file ${tokenPath} (HF_TOKEN_PATH, HF_HOME)`);
}

/**
 * A header of a request can hold nothing else than such a token (RFC 6750). What is wrong with one is not shown: it is a secret.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function checkToken(token: string, name: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const problem = 'holds a character that no token has: a space, a line end, a control character or one that is not ASCII';
  throw new OnnxPredictError('INVALID_ARGUMENT', `${name} ${problem}. Copy it anew, or unset it.`);
}

async function readToken(path: string): Promise<string | null> {
  try {
    return cleanToken(await readFile(path, 'utf8'));
  } catch {
    // Public repositories need none; a repository that does says so.
    return null;
  }
}
