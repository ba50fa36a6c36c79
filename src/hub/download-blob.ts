import { rename, unlink } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { cacheFailure } from './cache-failure.ts';
import type { CacheLayout } from './cache-layout.ts';
import type { HubConnection } from './hub-connection.ts';
import type { RemoteFile } from './list-repository.ts';
import type { ModelReference } from './model-reference.ts';
import { type Body, type BodyRequest, type OpenedBody, openBody } from './open-body.ts';
import { openXetBody } from './open-xet-body.ts';
import { openPartialFile, type PartialFile } from './partial-file.ts';
import { connectionFailure } from './request-failure.ts';
import { createRetries } from './retries.ts';

export interface DownloadContext {
  readonly connection: HubConnection;
  readonly layout: CacheLayout;
  readonly reference: ModelReference;
  readonly signal: AbortSignal;
  /** How much of the file is there, and how much of that was there at the beginning. */
  readonly onProgress: (receivedBytes: number, resumedBytes: number) => void;
}

/**
 * Fetches one file's content into its blob: goes on from what an earlier attempt left, checks the hash, and only then gives it its
 * final name. The caller holds the blob's lock.
 * @throws OnnxPredictError DOWNLOAD_CORRUPT if the content is twice not what was declared, CACHE_UNWRITABLE, those of
 *   request-failure.ts; the signal's reason once it is aborted
 */
export async function downloadBlob(file: RemoteFile, context: DownloadContext): Promise<void> {
  const path = context.layout.partial(file.etag);
  try {
    {
      await using partial = await openPartialFile(path, file, context.signal);
      const first = await fill(partial, file, context, file.xet);
      const problem = first === undefined ? undefined : await restart(partial, file, context);
      if (problem !== undefined) {
        await unlink(path).catch(() => {});
        throw corrupt(file, context, problem);
      }
    }
    await rename(path, context.layout.blob(file.etag));
  } catch (error) {
    context.signal.throwIfAborted();
    throw cacheFailure(error, path);
  }
}

async function restart(partial: PartialFile, file: RemoteFile, context: DownloadContext): Promise<string | undefined> {
  await partial.restart();
  return await fill(partial, file, context, false);
}

/** Completes the file, by plain HTTP in the end. Gives what is wrong with it, if anything. */
async function fill(partial: PartialFile, file: RemoteFile, context: DownloadContext, xet: boolean): Promise<string | undefined> {
  const { connection, reference, signal, onProgress } = context;
  const retries = createRetries({ ...connection, signal });
  const resumedBytes = partial.numBytes;
  onProgress(partial.numBytes, resumedBytes);
  let mostBytes = partial.numBytes;
  for (let attempt = 0; partial.numBytes < file.sizeBytes; attempt++) {
    const request = { reference, file, offset: partial.numBytes, retries, signal };
    const isXetWorthIt = xet && attempt === 0 && file.sizeBytes - partial.numBytes >= connection.xetFromBytes;
    const xetBody = isXetWorthIt ? await tryXet(connection, request) : undefined;
    const body = xetBody ?? (await openBody(connection, request));
    if ('contradiction' in body) return body.contradiction;
    if (body.offset !== partial.numBytes) await partial.restart();
    const failure = await receive(partial, file, body, (numBytes) => onProgress(numBytes, Math.min(resumedBytes, numBytes)));
    signal.throwIfAborted();
    if (failure instanceof OnnxPredictError) throw failure;
    if (partial.numBytes > mostBytes) retries.reset();
    mostBytes = Math.max(mostBytes, partial.numBytes);
    if (failure !== undefined && xetBody === undefined) {
      await retries.pause(connectionFailure(failure, { ...reference, path: file.path, endpoint: connection.endpoint }));
    }
  }
  const digest = await partial.finish();
  return digest === file.etag ? undefined : `its hash is ${digest}`;
}

/** Adds to the file what comes, as far as it is declared to go. Gives why there is less, if there is: a broken connection, or our error. */
async function receive(
  partial: PartialFile,
  file: RemoteFile,
  body: OpenedBody,
  onBytes: (numBytes: number) => void,
): Promise<unknown> {
  try {
    for await (const chunk of body.chunks) {
      const room = file.sizeBytes - partial.numBytes;
      await partial.append(chunk.length > room ? chunk.subarray(0, room) : chunk);
      onBytes(partial.numBytes);
      if (partial.numBytes === file.sizeBytes) return undefined;
    }
    return new Error('the connection was closed early');
  } catch (error) {
    return error;
  } finally {
    body.close();
  }
}

async function tryXet(connection: HubConnection, request: BodyRequest): Promise<Body | undefined> {
  try {
    return await openXetBody(connection, request);
  } catch {
    request.signal.throwIfAborted();
    return undefined;
  }
}

function corrupt(file: RemoteFile, { reference, connection }: DownloadContext, problem: string): OnnxPredictError {
  return new OnnxPredictError(
    'DOWNLOAD_CORRUPT',
    `${file.path} of ${reference.repository} at ${reference.revision} is not what the Hub declares, twice: ${problem}; declared are ${file.sizeBytes} bytes with the hash ${file.etag}. ` +
      `Nothing of it was kept. Something between here and ${new URL(connection.endpoint).host} changes files: a proxy, or a mirror (HF_ENDPOINT).`,
  );
}
