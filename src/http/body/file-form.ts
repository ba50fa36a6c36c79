import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';
import { parseHeaderOptions } from './header-options.ts';
import type { ByteHold } from './held-bytes.ts';
import { MultipartScanner, type PartEvent } from './multipart-scanner.ts';
import { decodeFormText } from './percent-decoding.ts';
import { readBody, readChunks, tooLarge } from './request-body.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

/** Of each kind of part, in one form. */
const MAX_PARTS = 1000;
/** Of a part that is no file. */
const MAX_FIELD_BYTES = 1024 * 1024;
/** What a form may be long besides its file: other fields, headers, boundaries. */
const MAX_OVERHEAD_BYTES = 16 * 1024 * 1024;

/** The value of a form's field: a file if its part has a filename, even an empty one. */
export type FormValue = { readonly upload: Upload } | { readonly text: string };

/** What a form is read by. */
interface FormLimits extends UploadLimits {
  /** The field that counts; of repeated ones the last. All others are read and forgotten. */
  readonly field: string;
  readonly hold: ByteHold;
}

/**
 * Reads one field of a form as Starlette does: multipart or urlencoded, and of any other body none. The caller discards the
 * upload; where this throws, nothing is left.
 * @throws Refusal 400, 413, 429; ClientGone; OnnxPredictError INPUT_UNREADABLE
 */
export async function readFormField(request: IncomingMessage, limits: FormLimits): Promise<FormValue | undefined> {
  const { value, options } = parseHeaderOptions(request.headers['content-type'] ?? '');
  if (value === 'application/x-www-form-urlencoded') return readUrlencoded(request, limits);
  if (value !== 'multipart/form-data') return undefined;
  const boundary = options.get('boundary');
  if (boundary === undefined) throw new Refusal(400, 'Missing boundary in multipart.');
  const form = new MultipartForm(limits, options.get('charset') ?? 'utf-8');
  try {
    const scanner = new MultipartScanner(boundary);
    const refuse = () => tooLarge('file', limits.maxBytes);
    for await (const chunk of readChunks(request, { maxBytes: limits.maxBytes + MAX_OVERHEAD_BYTES, refuse })) {
      for (const event of scanner.scan(chunk)) await form.take(event);
    }
    return await form.finish();
  } catch (error) {
    await form.discard();
    throw error;
  }
}

/** What is kept of a form while it arrives. */
class MultipartForm {
  readonly #limits: FormLimits;
  readonly #charset: string;
  #numFiles = 0;
  #numFields = 0;
  /** Of the last whole part of the wanted name. */
  #value: FormValue | undefined;
  #open: { readonly wanted: boolean; readonly upload: Upload | undefined; chunks: Buffer[]; numBytes: number } | undefined;

  constructor(limits: FormLimits, charset: string) {
    this.#limits = limits;
    this.#charset = charset;
  }

  async take(event: PartEvent): Promise<void> {
    if (event.type === 'headers') this.#begin(event.disposition);
    else if (event.type === 'data') await this.#write(event.bytes);
    else await this.#end();
  }

  /** @throws Refusal if the file was cut off; the original took it for missing */
  async finish(): Promise<FormValue | undefined> {
    if (this.#value === undefined && this.#open?.wanted === true && this.#open.upload !== undefined) {
      throw new Refusal(400, 'The form ends before its closing boundary.');
    }
    await this.#open?.upload?.discard();
    return this.#value;
  }

  async discard(): Promise<void> {
    await this.#open?.upload?.discard();
    await this.#forget();
  }

  #begin(disposition: string | undefined): void {
    const { options } = parseHeaderOptions(disposition ?? '');
    const name = options.get('name');
    if (name === undefined) throw new Refusal(400, 'The Content-Disposition header field "name" must be provided.');
    const isFile = options.has('filename');
    if (isFile) this.#numFiles++;
    else this.#numFields++;
    if (this.#numFiles > MAX_PARTS) throw tooMany('files');
    if (this.#numFields > MAX_PARTS) throw tooMany('fields');
    const wanted = decodeText(Buffer.from(name, 'latin1'), this.#charset) === this.#limits.field;
    const upload = isFile ? createUpload(this.#limits, this.#limits.hold) : undefined;
    this.#open = { wanted, upload, chunks: [], numBytes: 0 };
  }

  async #write(bytes: Buffer): Promise<void> {
    const part = this.#open!;
    part.numBytes += bytes.length;
    if (part.upload === undefined && part.numBytes > MAX_FIELD_BYTES) throw tooLong('Part');
    if (!part.wanted) return;
    if (part.upload === undefined) part.chunks.push(bytes);
    else await part.upload.write(bytes);
  }

  async #end(): Promise<void> {
    const { wanted, upload, chunks } = this.#open!;
    this.#open = undefined;
    if (!wanted) return;
    await this.#forget();
    this.#value = upload === undefined ? { text: decodeText(Buffer.concat(chunks), this.#charset) } : { upload };
  }

  async #forget(): Promise<void> {
    const value = this.#value;
    this.#value = undefined;
    if (value !== undefined && 'upload' in value) await value.upload.discard();
  }
}

async function readUrlencoded(request: IncomingMessage, { field, hold }: FormLimits): Promise<FormValue | undefined> {
  const body = await readBody(request, MAX_OVERHEAD_BYTES, hold);
  let value: FormValue | undefined;
  let numFields = 0;
  for (const pair of body.toString('latin1').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (pair.length - (equals === -1 ? 0 : 1) > MAX_FIELD_BYTES) throw tooLong('Field');
    if (++numFields > MAX_PARTS) throw tooMany('fields');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (decodeFormText(name) === field) value = { text: equals === -1 ? '' : decodeFormText(pair.slice(equals + 1)) };
  }
  return value;
}

/** Text as its form says that it is encoded, or as Latin-1, which any bytes are. */
function decodeText(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

function tooMany(what: 'files' | 'fields'): Refusal {
  return new Refusal(400, `Too many ${what}. Maximum number of ${what} is ${MAX_PARTS}.`);
}

function tooLong(what: 'Part' | 'Field'): Refusal {
  return new Refusal(400, `${what} exceeded maximum size of ${MAX_FIELD_BYTES / 1024}KB.`);
}
