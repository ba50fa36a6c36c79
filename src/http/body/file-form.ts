import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';
import { CollectedBytes } from './collected-bytes.ts';
import {
  decodeFormBytes,
  type FormEvent,
  formCharset,
  isMultipart,
  MAX_FIELD_BYTES,
  MAX_PARTS,
  readFormParts,
  tooLong,
  tooMany,
} from './form-parts.ts';
import { parseHeaderOptions } from './header-options.ts';
import type { ByteHold } from './held-bytes.ts';
import { decodeFormText } from './percent-decoding.ts';
import { readBody, tooLarge } from './request-body.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

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
  const { value } = parseHeaderOptions(request.headers['content-type'] ?? '');
  if (value === 'application/x-www-form-urlencoded') return readUrlencoded(request, limits);
  if (!isMultipart(request)) return undefined;
  const form = new MultipartForm(limits, formCharset(request));
  const refuse = () => tooLarge('file', limits.maxBytes);
  try {
    for await (const event of readFormParts(request, { maxBytes: limits.maxBytes + MAX_OVERHEAD_BYTES, refuse })) {
      await form.take(event);
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
  /** Of the last whole part of the wanted name. */
  #value: FormValue | undefined;
  #open: { readonly wanted: boolean; readonly upload: Upload | undefined; readonly text: CollectedBytes } | undefined;

  constructor(limits: FormLimits, charset: string) {
    this.#limits = limits;
    this.#charset = charset;
  }

  async take(event: FormEvent): Promise<void> {
    if (event.type === 'part') this.#begin(event);
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

  #begin({ name, isFile }: Extract<FormEvent, { type: 'part' }>): void {
    const upload = isFile ? createUpload(this.#limits, this.#limits.hold) : undefined;
    this.#open = { wanted: name === this.#limits.field, upload, text: new CollectedBytes() };
  }

  async #write(bytes: Buffer): Promise<void> {
    const { wanted, upload, text } = this.#open!;
    if (!wanted) return;
    if (upload === undefined) text.add(bytes);
    else await upload.write(bytes);
  }

  async #end(): Promise<void> {
    const { wanted, upload, text } = this.#open!;
    this.#open = undefined;
    if (!wanted) return;
    await this.#forget();
    this.#value = upload === undefined ? { text: decodeFormBytes(text.take(), this.#charset) } : { upload };
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
