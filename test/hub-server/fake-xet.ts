import type { FakeFile } from './fake-repository.ts';

/** What asks the Hub for the place of a file in Xet storage rather than for the file. */
export const XET_TYPE = 'application/vnd.xet-fileinfo+json';
/** What opens the storage; the Hub gives it out. */
export const XET_TOKEN = 'xet-read-token';

const CHUNK_BYTES = 65_536;
const HEADER_BYTES = 8;

/** A file as Xet storage has it: chunks, none compressed here, each after a header of its lengths. */
export function packXorb(content: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < content.length; start += CHUNK_BYTES) {
    const chunk = content.subarray(start, start + CHUNK_BYTES);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUIntLE(chunk.length, 1, 3);
    header.writeUIntLE(chunk.length, 5, 3);
    parts.push(header, chunk);
  }
  return Buffer.concat(parts);
}

/** Which chunks make up a range of a file, and where they are. */
export function describeReconstruction({ content, etag }: FakeFile, range: string | undefined, url: string) {
  const [from = 0, to = content.length - 1] = (/bytes=(\d+)-(\d+)/.exec(range ?? '') ?? []).slice(1).map(Number);
  const chunks = { start: Math.floor(from / CHUNK_BYTES), end: Math.floor(to / CHUNK_BYTES) + 1 };
  const unpackedEnd = Math.min(content.length, chunks.end * CHUNK_BYTES);
  const bytes = {
    start: chunks.start * (CHUNK_BYTES + HEADER_BYTES),
    end: unpackedEnd + chunks.end * HEADER_BYTES - 1,
  };
  return {
    offset_into_first_range: from - chunks.start * CHUNK_BYTES,
    terms: [{ hash: etag, unpacked_length: unpackedEnd - chunks.start * CHUNK_BYTES, range: chunks }],
    xorbs: { [etag]: [{ url, ranges: [{ chunks, bytes }] }] },
  };
}
