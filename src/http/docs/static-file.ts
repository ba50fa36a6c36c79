import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Context } from 'koa';

/** Content that does not change while the server runs. */
export interface StaticFile {
  /** A media type, with its charset. */
  readonly type: string;
  /** As most clients take it. */
  readonly gzipped: () => Promise<StaticVariant>;
  readonly plain: () => Promise<StaticVariant>;
}

interface StaticVariant {
  readonly bytes: Buffer;
  /** Strong, so that of each encoding its own. */
  readonly etag: string;
}

/** Content that is compressed already; it is read when it is first asked for, and once. */
export function createStaticFile(type: string, readGzipped: () => Promise<Buffer>): StaticFile {
  const gzipped = keepResult(async () => createVariant(await readGzipped()));
  const plain = keepResult(async () => createVariant(await promisify(gunzip)((await gzipped()).bytes)));
  return { type, gzipped, plain };
}

/** Answers GET and HEAD: 304 to who has this content. Nothing is used without asking, as addresses name no version. */
export async function sendStaticFile(context: Context, { type, gzipped, plain }: StaticFile): Promise<void> {
  const isGzipped = context.acceptsEncodings('gzip', 'identity') === 'gzip';
  const { bytes, etag } = await (isGzipped ? gzipped() : plain());
  context.status = 200;
  context.set({ ETag: etag, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' });
  context.vary('Accept-Encoding');
  if (hasTag(context.get('If-None-Match'), etag)) {
    context.status = 304;
    return;
  }
  if (isGzipped) context.set('Content-Encoding', 'gzip');
  context.set('Content-Type', type);
  context.body = bytes;
}

/** RFC 9110, 13.1.2. Koa's own `fresh` says no to who also sends `Cache-Control: no-cache`, as Node's fetch does. */
function hasTag(ifNoneMatch: string, etag: string): boolean {
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

function createVariant(bytes: Buffer): StaticVariant {
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
}

/** Does the work once for all who ask, and again if it failed. */
function keepResult<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work().catch((error: unknown) => {
      result = undefined;
      throw error;
    });
    return result;
  };
}
