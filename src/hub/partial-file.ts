import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createBlobHash } from './blob-hash.ts';
import { cacheFailure } from './cache-failure.ts';
import type { RemoteFile } from './list-repository.ts';

/** What has arrived of a file, on disk, and its hash so far. */
export interface PartialFile extends AsyncDisposable {
  /** Bytes that have arrived and are part of the hash. */
  readonly numBytes: number;
  /** @throws OnnxPredictError CACHE_UNWRITABLE */
  append(chunk: Uint8Array): Promise<void>;
  /** Forgets what arrived. */
  restart(): Promise<void>;
  /** Makes what arrived outlast a power cut, and gives its hash; it takes no more after that until it is restarted. */
  finish(): Promise<string>;
}

const READ_BYTES = 1024 * 1024;
// A link in the place of the file would lead the writing elsewhere.
const FLAGS = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);

/** Opens what an earlier download of `file` left at `path`, if anything, and hashes it again: it goes on from there. */
export async function openPartialFile(path: string, file: RemoteFile, signal: AbortSignal): Promise<PartialFile> {
  const handle = await open(path, FLAGS, 0o666);
  let hash = createBlobHash(file.etag, file.sizeBytes);
  let numBytes = 0;

  async function restart(): Promise<void> {
    await handle.truncate(0);
    hash = createBlobHash(file.etag, file.sizeBytes);
    numBytes = 0;
  }

  async function rehash(): Promise<void> {
    const { size } = await handle.stat();
    if (size > file.sizeBytes) return await restart();
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size));
    while (numBytes < size) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - numBytes), numBytes);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      numBytes += bytesRead;
    }
    await handle.truncate(numBytes);
  }

  try {
    await rehash();
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    get numBytes() {
      return numBytes;
    },
    async append(chunk) {
      // At its place rather than at the end: two processes that write the same file by mistake then write the same bytes.
      await writeAll(handle, chunk, numBytes).catch((error: unknown) => {
        // A disk that is full is not a connection that broke.
        throw cacheFailure(error, path);
      });
      hash.update(chunk);
      numBytes += chunk.length;
    },
    restart,
    async finish() {
      await handle.sync();
      return hash.digest('hex');
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}
