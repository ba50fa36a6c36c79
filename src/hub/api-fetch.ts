import { OnnxPredictError } from '../errors.ts';
import type { HubConnection } from './hub-connection.ts';
import type { RequestSubject } from './request-failure.ts';
import { type OpenAnswer, requestHub } from './request-hub.ts';

/** A thousand files are about 400 kB of listing. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** Answers of a server that has files but not the Hub's API. */
const NO_API_STATUSES: ReadonlySet<number> = new Set([404, 405, 501]);

/** A `fetch` for @huggingface/hub: it reaches the Hub alone, tries again, and reads a bounded answer whole. */
export interface ApiFetch {
  readonly fetch: typeof fetch;
  /** Whether the server turned out to have no API, as mirrors that only hold files. */
  isAbsent(): boolean;
}

export function createApiFetch(
  connection: HubConnection,
  { signal, subject }: { readonly signal: AbortSignal; readonly subject: RequestSubject },
): ApiFetch {
  let absent = false;
  return {
    isAbsent: () => absent,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.origin !== connection.origin) {
        throw new OnnxPredictError('HUB_INVALID_ANSWER', `The Hub continues its list of files at another host, ${url.host}.`);
      }
      const answer = await requestHub(url.href, connection, {
        method: 'GET',
        headers: plainHeaders(init?.headers),
        signal,
        subject,
        accept: (status, errorCode) => errorCode === null && NO_API_STATUSES.has(status),
      });
      absent ||= answer.response.status >= 400;
      const { status, headers } = answer.response;
      return new Response(Uint8Array.from(await readBody(answer, subject)), { status, headers });
    },
  };
}

function plainHeaders(headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(new Headers(headers).entries());
}

async function readBody({ response, guard }: OpenAnswer, subject: RequestSubject): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      guard.touch();
      chunks.push(chunk as Uint8Array);
      numBytes += (chunk as Uint8Array).length;
      if (numBytes > MAX_ANSWER_BYTES) {
        const message = `The list of files of ${subject.repository} is longer than ${MAX_ANSWER_BYTES} bytes.`;
        throw new OnnxPredictError('HUB_INVALID_ANSWER', message);
      }
    }
  } finally {
    guard.close();
  }
  return Buffer.concat(chunks);
}
