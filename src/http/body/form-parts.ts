import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';
import { parseHeaderOptions } from './header-options.ts';
import { MultipartScanner } from './multipart-scanner.ts';
import { type BodyLimit, readChunks } from './request-body.ts';

/** Of each kind of part, in one form. */
export const MAX_PARTS = 1000;
/** Of a part that is no file. */
export const MAX_FIELD_BYTES = 1024 * 1024;

/** What a multipart form consists of, in its order. A part that is cut off has no `end`. */
export type FormEvent =
  | { readonly type: 'part'; readonly name: string; readonly isFile: boolean }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'end' };

/** Whether a body is such a form. */
export function isMultipart({ headers }: IncomingMessage): boolean {
  return parseHeaderOptions(headers['content-type'] ?? '').value === 'multipart/form-data';
}

/**
 * Reads a multipart form as Starlette does: a part is a file if it has a filename, even an empty one.
 * @throws Refusal 400, 413; ClientGone
 */
export async function* readFormParts(request: IncomingMessage, limit: BodyLimit): AsyncGenerator<FormEvent> {
  const { options } = parseHeaderOptions(request.headers['content-type'] ?? '');
  const boundary = options.get('boundary');
  if (boundary === undefined) throw new Refusal(400, 'Missing boundary in multipart.');
  const scanner = new MultipartScanner(boundary);
  const charset = formCharset(request);
  const count = { files: 0, fields: 0 };
  let fieldBytes: number | undefined;
  for await (const chunk of readChunks(request, limit)) {
    for (const event of scanner.scan(chunk)) {
      if (event.type === 'headers') {
        const part = describePart(event.disposition, charset);
        const kind = part.isFile ? 'files' : 'fields';
        if (++count[kind] > MAX_PARTS) throw tooMany(kind);
        fieldBytes = part.isFile ? undefined : 0;
        yield part;
        continue;
      }
      if (event.type === 'data' && fieldBytes !== undefined) {
        fieldBytes += event.bytes.length;
        if (fieldBytes > MAX_FIELD_BYTES) throw tooLong('Part');
      }
      yield event;
    }
  }
}

/** How the texts of a form are encoded. */
export function formCharset({ headers }: IncomingMessage): string {
  return parseHeaderOptions(headers['content-type'] ?? '').options.get('charset') ?? 'utf-8';
}

/** Text as its form says that it is encoded, or as Latin-1, which any bytes are. */
export function decodeFormBytes(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

export function tooMany(what: 'files' | 'fields'): Refusal {
  return new Refusal(400, `Too many ${what}. Maximum number of ${what} is ${MAX_PARTS}.`);
}

export function tooLong(what: 'Part' | 'Field'): Refusal {
  return new Refusal(400, `${what} exceeded maximum size of ${MAX_FIELD_BYTES / 1024}KB.`);
}

function describePart(disposition: string | undefined, charset: string): Extract<FormEvent, { type: 'part' }> {
  const { options } = parseHeaderOptions(disposition ?? '');
  const name = options.get('name');
  if (name === undefined) throw new Refusal(400, 'The Content-Disposition header field "name" must be provided.');
  return { type: 'part', name: decodeFormBytes(Buffer.from(name, 'latin1'), charset), isFile: options.has('filename') };
}
