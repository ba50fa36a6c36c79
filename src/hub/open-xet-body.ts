import { followRedirects } from './follow-redirects.ts';
import type { HubConnection } from './hub-connection.ts';
import type { Body, BodyRequest } from './open-body.ts';
import { type StallGuard, watchForStalls } from './stall-guard.ts';

/** What one file may hold in memory of what came out of order; four files come at once. */
const PARALLEL_DOWNLOADS = { maxConcurrency: 4, maxInFlightBytes: 64 * 1024 * 1024 };

/**
 * Asks Xet storage, where the Hub keeps large files in chunks, for the content of a file from `offset` on: in parallel, through the
 * Hub's own client. Undefined if the file is not there after all. Whatever goes wrong, the file can be had without Xet.
 * @throws whatever the client throws; the signal's reason once it is aborted
 */
export async function openXetBody(
  connection: HubConnection,
  { reference, file, offset, signal }: Omit<BodyRequest, 'retries'>,
): Promise<Body | undefined> {
  const hub = await import('@huggingface/hub');
  const guard = watchForStalls(connection.stallMs, signal);
  const { repository, revision } = reference;
  // The token is not the client's to hand out: our fetch adds it, for the Hub alone.
  const options = {
    repo: repository,
    path: file.path,
    revision,
    hubUrl: connection.endpoint,
    fetch: createXetFetch(connection, guard),
  };
  try {
    const downloadInfo = await hub.fileDownloadInfo(options);
    const known = downloadInfo?.xet !== undefined && downloadInfo.size === file.sizeBytes;
    const blob = known ? await hub.downloadFile({ ...options, downloadInfo, parallelDownloads: PARALLEL_DOWNLOADS }) : null;
    if (blob === null) {
      guard.close();
      return undefined;
    }
    const chunks = blob.slice(offset).stream() as unknown as AsyncIterable<Uint8Array>;
    return { offset, chunks, close: guard.close };
  } catch (error) {
    guard.close();
    throw error;
  }
}

/** A `fetch` for the client: to the Hub with the token, to storage with what the client puts in for it, and never a silent one. */
function createXetFetch(connection: HubConnection, guard: StallGuard): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = Object.fromEntries(new Headers(init?.headers).entries());
    const { response } = await followRedirects(url, { method: 'GET', headers, signal: guard.signal }, connection);
    guard.touch();
    const watched = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        guard.touch();
        controller.enqueue(chunk);
      },
    });
    const { status, headers: answered } = response;
    return new Response(response.body?.pipeThrough(watched) ?? null, { status, headers: answered });
  };
}
