import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** How a server sends a file otherwise than it should. */
export interface Misbehaviour {
  /** Closes the connection after so many bytes of this answer. */
  readonly cutAfterBytes?: number;
  /** Falls silent after so many bytes of this answer. */
  readonly stallAfterBytes?: number;
  /** Sends everything from the beginning whatever was asked for. */
  readonly ignoreRange?: boolean;
  /** Sends other bytes than it should. */
  readonly corrupt?: boolean;
  /** Goes on after the file's end, for ever, without saying how long it is. */
  readonly endless?: boolean;
  readonly contentLength?: number;
  readonly contentRange?: string;
  /** Waited for before the answer begins. */
  readonly before?: () => Promise<void>;
  /** Called after each piece was handed to the connection, with the bytes of this answer so far; the next one waits for it. */
  readonly onSent?: (numBytes: number) => Promise<void> | void;
}

const PIECE_BYTES = 64 * 1024;

/** Sends a file, or the part of it that was asked for. `count` is told of what was sent. */
export async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  {
    content,
    headers,
    misbehaviour = {},
    count,
  }: {
    readonly content: Buffer;
    readonly headers: Readonly<Record<string, string>>;
    readonly misbehaviour?: Misbehaviour;
    readonly count: (numBytes: number) => void;
  },
): Promise<void> {
  await misbehaviour.before?.();
  const start = misbehaviour.ignoreRange === true ? undefined : rangeStart(request.headers.range);
  const end = rangeEnd(request.headers.range, content.length);
  if (start !== undefined && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const range = start === undefined ? undefined : (misbehaviour.contentRange ?? `bytes ${start}-${end - 1}/${content.length}`);
  const body = start === undefined ? content : content.subarray(start, end);
  response.writeHead(start === undefined ? 200 : 206, {
    ...headers,
    'accept-ranges': 'bytes',
    ...(range === undefined ? {} : { 'content-range': range }),
    ...(misbehaviour.endless === true ? {} : { 'content-length': misbehaviour.contentLength ?? body.length }),
  });
  if (request.method === 'HEAD') return void response.end();
  const sent = misbehaviour.corrupt === true ? Buffer.from(body.map((byte) => byte ^ 1)) : body;
  await sendPieces(response, sent, misbehaviour, count);
}

async function sendPieces(
  response: ServerResponse,
  body: Buffer,
  misbehaviour: Misbehaviour,
  count: (numBytes: number) => void,
): Promise<void> {
  const limit = Math.min(misbehaviour.cutAfterBytes ?? Infinity, misbehaviour.stallAfterBytes ?? Infinity, body.length);
  for (let sent = 0; sent < limit && !response.destroyed; ) {
    const piece = body.subarray(sent, Math.min(sent + PIECE_BYTES, limit));
    await write(response, piece);
    sent += piece.length;
    count(piece.length);
    await misbehaviour.onSent?.(sent);
  }
  if (misbehaviour.endless === true) {
    while (!response.destroyed) await write(response, Buffer.alloc(PIECE_BYTES));
  }
  if (limit === misbehaviour.stallAfterBytes) await once(response, 'close');
  // What was sent arrives before the end does, as it would not after a reset.
  else if (limit === misbehaviour.cutAfterBytes) response.socket?.end();
  else response.end();
}

/** Waits until the piece has left for the connection, or the connection is gone. */
async function write(response: ServerResponse, piece: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.write(piece, () => {
      response.off('close', resolve);
      resolve();
    });
  });
}

function rangeStart(header: string | undefined): number | undefined {
  const [, start] = /^bytes=(\d+)-/.exec(header ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

function rangeEnd(header: string | undefined, length: number): number {
  const [, end] = /^bytes=\d+-(\d+)$/.exec(header ?? '') ?? [];
  return end === undefined ? length : Math.min(length, Number(end) + 1);
}
