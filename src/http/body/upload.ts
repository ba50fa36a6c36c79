import type { ImageSpool } from '../../image-spool.ts';
import type { ByteHold } from './held-bytes.ts';
import { tooLarge } from './request-body.ts';

/** What of one file is kept in memory; longer ones go to a private temporary file while they arrive. */
const MAX_MEMORY_BYTES = 1024 * 1024;

/** A file as it was uploaded. */
interface UploadedFile {
  /** A small one's bytes, or the path of a temporary file. */
  readonly source: Uint8Array | string;
}

/** A file that is being uploaded. */
export interface Upload {
  /** @throws Refusal 413, 429; OnnxPredictError INPUT_UNREADABLE if the temporary folder has no room */
  write(bytes: Buffer): Promise<void>;
  finish(): Promise<UploadedFile>;
  /** Removes its temporary file, if it has one; at any time, and more than once. */
  discard(): Promise<void>;
}

/** Where uploads go, and what bounds them. */
export interface UploadLimits {
  readonly spool: ImageSpool;
  /** Of one file. */
  readonly maxBytes: number;
}

/** Takes in one file. */
export function createUpload({ spool, maxBytes }: UploadLimits, hold: ByteHold): Upload {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let file: Awaited<ReturnType<ImageSpool['open']>> | undefined;

  return {
    async write(bytes) {
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) throw tooLarge('file', maxBytes);
      hold.add(bytes.length);
      if (file === undefined && sizeBytes <= MAX_MEMORY_BYTES) {
        chunks.push(bytes);
        return;
      }
      file ??= await spool.open();
      const waiting = [...chunks, bytes];
      chunks = [];
      for (const part of waiting) await file.write(part);
    },
    async finish() {
      await file?.finish();
      return { source: file?.path ?? Buffer.concat(chunks) };
    },
    async discard() {
      chunks = [];
      await file?.remove();
    },
  };
}
