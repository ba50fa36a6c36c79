import { fileAddress } from './file-address.ts';
import type { HubConnection } from './hub-connection.ts';
import type { RemoteFile } from './list-repository.ts';
import type { ModelReference } from './model-reference.ts';
import { requestHub } from './request-hub.ts';
import type { Retries } from './retries.ts';

/** A file's content on its way. */
export interface OpenedBody {
  /** Where in the file it begins: where it was asked to, or at 0 if the server has no way to begin elsewhere. */
  readonly offset: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly close: () => void;
}

/** The content, or why the answer cannot be it. */
export type Body = OpenedBody | { readonly contradiction: string };

export interface BodyRequest {
  readonly reference: ModelReference;
  readonly file: RemoteFile;
  readonly offset: number;
  readonly retries: Retries;
  readonly signal: AbortSignal;
}

/**
 * Asks for the content of a file from `offset` on.
 * @throws OnnxPredictError of request-failure.ts; the signal's reason once it is aborted
 */
export async function openBody(
  connection: HubConnection,
  { reference, file, offset, retries, signal }: BodyRequest,
): Promise<Body> {
  const { response, guard } = await requestHub(fileAddress(connection, reference, file.path), connection, {
    method: 'GET',
    ...(offset > 0 ? { headers: { range: `bytes=${offset}-` } } : {}),
    signal,
    retries,
    persistent: true,
    subject: { ...reference, path: file.path, endpoint: connection.endpoint },
    accept: (status) => status === 416,
  });
  const close = () => {
    guard.close();
    // Ends the connection if there is more than was asked for.
    void response.body?.cancel().catch(() => {});
  };
  const contradiction = findContradiction(response, file, offset);
  if (contradiction !== undefined) {
    close();
    return { contradiction };
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of response.body ?? []) {
      guard.touch();
      yield chunk as Uint8Array;
    }
  }
  return { offset: response.status === 206 ? offset : 0, chunks: chunks(), close };
}

function findContradiction({ status, headers }: Response, file: RemoteFile, offset: number): string | undefined {
  if (status === 416) return `there is nothing from byte ${offset} on`;
  if (status !== 200 && status !== 206) return `the answer has the status ${status}`;
  let expectedBytes = file.sizeBytes;
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(from) !== offset) return `the answer begins at byte ${from ?? 'unknown'}, not ${offset}`;
    if (total !== '*' && Number(total) !== file.sizeBytes) return `the answer is of ${total} bytes, not ${file.sizeBytes}`;
    expectedBytes -= offset;
  }
  const length = headers.get('content-length');
  if (length === null || headers.get('content-encoding') !== null || Number(length) === expectedBytes) return undefined;
  return `the answer is ${length} bytes long, not ${expectedBytes}`;
}
