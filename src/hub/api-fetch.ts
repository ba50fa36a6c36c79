import { OnnxPredictError } from '../errors.ts';
import type { HubConnection } from './hub-connection.ts';
import { connectionFailure, type RequestSubject } from './request-failure.ts';
import { type OpenAnswer, requestHub } from './request-hub.ts';
import { createRetries } from './retries.ts';

/** Of one listing together: a thousand files, which make a page, are about 400 kB. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
const MAX_REQUESTS = 500;
/** Answers of a server that has files but not the Hub's API. */
const NO_API_STATUSES: ReadonlySet<number> = new Set([404, 405, 501]);

/** A `fetch` for @huggingface/hub: it reaches the Hub alone, tries again, and reads a bounded answer whole. */
export interface ApiFetch {
  readonly fetch: typeof fetch;
}

export function createApiFetch(
  connection: HubConnection,
  { signal, subject }: { readonly signal: AbortSignal; readonly subject: RequestSubject },
): ApiFetch {
  let numBytes = 0;
  const asked = new Set<string>();

  /** Counts what arrived, over all answers of the listing. */
  function countBytes(chunk: Uint8Array): void {
    numBytes += chunk.length;
    if (numBytes > MAX_LISTING_BYTES) throw endless(`is longer than ${MAX_LISTING_BYTES} bytes`, subject);
  }

  /** Asks again when the body breaks off, as when there is none. */
  async function requestWhole(url: URL, headers: Record<string, string>): Promise<{ response: Response; body: Uint8Array }> {
    const retries = createRetries({ ...connection, signal });
    for (;;) {
      const answer = await requestHub(url.href, connection, {
        method: 'GET',
        headers,
        signal,
        subject,
        retries,
        accept: (status, errorCode) => errorCode === null && NO_API_STATUSES.has(status),
      });
      try {
        return { response: answer.response, body: await readBody(answer, countBytes) };
      } catch (error) {
        signal.throwIfAborted();
        const failure = connectionFailure(error, subject);
        if (failure === error) throw failure;
        await retries.pause(failure);
      }
    }
  }

  return {
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.origin !== connection.origin) {
        throw new OnnxPredictError('HUB_INVALID_ANSWER', `The Hub continues its list of files at another host, ${url.host}.`);
      }
      if (asked.has(url.href)) throw endless('leads back to where it was', subject);
      asked.add(url.href);
      if (asked.size > MAX_REQUESTS) throw endless(`has over ${MAX_REQUESTS} pages`, subject);
      const { response, body } = await requestWhole(url, plainHeaders(init?.headers));
      const { status, headers } = response;
      return new Response(Uint8Array.from(body), { status, headers });
    },
  };
}

function endless(problem: string, { repository, endpoint }: RequestSubject): OnnxPredictError {
  const message = `The list of files of ${repository}, as ${new URL(endpoint).host} gives it, ${problem}; it was not read on.`;
  return new OnnxPredictError('HUB_INVALID_ANSWER', message);
}

function plainHeaders(headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(new Headers(headers).entries());
}

async function readBody({ response, guard }: OpenAnswer, onChunk: (chunk: Uint8Array) => void): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response.body ?? []) {
      guard.touch();
      onChunk(chunk as Uint8Array);
      chunks.push(chunk as Uint8Array);
    }
  } finally {
    guard.close();
  }
  return Buffer.concat(chunks);
}
