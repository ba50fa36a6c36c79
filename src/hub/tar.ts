/** The part of POSIX's ustar format that archives of models need: plain files with short names. */
import { OnnxPredictError } from '../errors.ts';

const BLOCK = 512;
const SIZE_DIGITS = 11;
/** Of a plain file; old programs write a zero byte. */
const PLAIN_FILE: readonly string[] = ['0', '\0'];

/** A file of an archive. Its content has to be read before the next one. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** The block before a file's content. */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  if (Buffer.byteLength(name) > 100 || sizeBytes >= 8 ** SIZE_DIGITS) {
    throw new OnnxPredictError(
      'INVALID_ARGUMENT',
      `${name} does not fit into an archive: it has ${sizeBytes} bytes, of at most 8 GiB.`,
    );
  }
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000644\0', 100);
  for (const [offset, width] of [
    [108, 8],
    [116, 8],
    [136, 12],
  ] as const)
    header.write(`${'0'.repeat(width - 1)}\0`, offset);
  header.write(`${sizeBytes.toString(8).padStart(SIZE_DIGITS, '0')}\0`, 124);
  header.write('0ustar\u000000', 156);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What fills up the last block of a file. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

/** What ends an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

/**
 * Reads an archive that holds plain files and nothing else: a link or a folder in it could lead out of the place where it is unpacked.
 * @throws OnnxPredictError CACHE_INVALID
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = createReader(source);
  for (;;) {
    const header = await reader.read(BLOCK);
    if (header === undefined) throw damaged('it ends too soon');
    if (header.every((byte) => byte === 0)) return;
    const { name, sizeBytes } = parseHeader(header);
    let left = sizeBytes;
    async function* content(): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const chunk = await reader.readUpTo(left);
        if (chunk === undefined) throw damaged(`it ends within ${name}`);
        left -= chunk.length;
        yield chunk;
      }
    }
    yield { name, sizeBytes, content: content() };
    // What was not asked for is passed over.
    while (left > 0) {
      const chunk = await reader.readUpTo(left);
      if (chunk === undefined) throw damaged(`it ends within ${name}`);
      left -= chunk.length;
    }
    await reader.read(tarPadding(sizeBytes).length);
  }
}

function parseHeader(header: Buffer): { readonly name: string; readonly sizeBytes: number } {
  const text = (start: number, length: number) => header.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  if (Number.parseInt(text(148, 8).trim(), 8) !== checksum(header)) throw damaged('a checksum is wrong');
  const name = text(0, 100);
  const type = header.toString('latin1', 156, 157);
  if (!PLAIN_FILE.includes(type) || text(345, 155) !== '') throw damaged(`${JSON.stringify(name)} is no plain file`);
  const size = text(124, 12).trim();
  if (!/^[0-7]{1,11}$/.test(size)) throw damaged(`the size of ${JSON.stringify(name)} is no number`);
  return { name, sizeBytes: Number.parseInt(size, 8) };
}

/** The sum of all bytes, the checksum's own taken for spaces. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

function createReader(source: AsyncIterable<Uint8Array>) {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  /** Undefined at the end. */
  async function readUpTo(maxBytes: number): Promise<Buffer | undefined> {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return undefined;
      rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    const chunk = rest.subarray(0, maxBytes);
    rest = rest.subarray(chunk.length);
    return chunk;
  }

  return {
    readUpTo,
    async read(numBytes: number): Promise<Buffer | undefined> {
      const parts: Buffer[] = [];
      for (let left = numBytes; left > 0; ) {
        const chunk = await readUpTo(left);
        if (chunk === undefined) return undefined;
        parts.push(chunk);
        left -= chunk.length;
      }
      return Buffer.concat(parts);
    },
  };
}

/** The error for an archive that cannot be used. */
export function damaged(problem: string): OnnxPredictError {
  return new OnnxPredictError(
    'CACHE_INVALID',
    `The archive cannot be used: ${problem}. Make it anew with "onnx-predict export".`,
  );
}
