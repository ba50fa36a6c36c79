import type { IncomingMessage } from 'node:http';
import { Refusal, refuseValues } from '../refusal.ts';
import { type FormEvent, isMultipart, readFormParts } from './form-parts.ts';
import type { ByteHold } from './held-bytes.ts';
import { tooLarge } from './request-body.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

/** One of several files, or why it is not taken. */
export type ListedFile = { readonly upload: Upload } | { readonly refusal: Refusal };

interface FileListLimits extends UploadLimits {
  /** The name of the files' parts; all others are read and forgotten. */
  readonly field: string;
  readonly maxFiles: number;
  /** Of the whole form. */
  readonly maxFormBytes: number;
  readonly hold: ByteHold;
}

/**
 * Reads all files of one name. One that is longer than a file may be is told of in its place. The caller discards the uploads; where
 * this throws, nothing is left.
 * @throws Refusal 400, 413, 422, 429; ClientGone; OnnxPredictError INPUT_UNREADABLE
 */
export async function readFileList(request: IncomingMessage, limits: FileListLimits): Promise<ListedFile[]> {
  const { field, maxFormBytes } = limits;
  const list = new FileList(limits);
  try {
    if (isMultipart(request)) {
      const refuse = () => tooLarge('body', maxFormBytes);
      for await (const event of readFormParts(request, { maxBytes: maxFormBytes, refuse })) await list.take(event);
    }
    if (list.isCutOff) throw new Refusal(400, 'The form ends before its closing boundary.');
    if (list.files.length > 0) return list.files;
    throw refuseValues({ type: 'missing', loc: ['body', field], msg: 'Field required', input: null });
  } catch (error) {
    await list.discard();
    throw error;
  }
}

/** What has come of the files so far. */
class FileList {
  readonly #limits: FileListLimits;
  readonly files: ListedFile[] = [];
  /** Of the part that is being read; null if it is not wanted, or not any more. */
  #open: Upload | null | undefined;

  constructor(limits: FileListLimits) {
    this.#limits = limits;
  }

  /** Whether a part has no end. */
  get isCutOff(): boolean {
    return this.#open !== undefined;
  }

  async take(event: FormEvent): Promise<void> {
    if (event.type === 'part') this.#begin(event);
    else if (event.type === 'data') await this.#write(event.bytes);
    else this.#end();
  }

  async discard(): Promise<void> {
    await this.#open?.discard();
    for (const file of this.files) if ('upload' in file) await file.upload.discard();
  }

  #begin({ name, isFile }: Extract<FormEvent, { type: 'part' }>): void {
    const { field, maxFiles, hold } = this.#limits;
    this.#open = null;
    if (name !== field) return;
    if (!isFile) {
      const msg = 'Value error, Expected a file: its part of the form needs a filename';
      throw refuseValues({ type: 'value_error', loc: ['body', field, this.files.length], msg, input: null, ctx: { error: {} } });
    }
    if (this.files.length === maxFiles) throw new Refusal(413, `More than ${maxFiles} files, the limit of this server.`);
    this.#open = createUpload(this.#limits, hold);
  }

  async #write(bytes: Buffer): Promise<void> {
    const upload = this.#open;
    if (upload == null) return;
    try {
      await upload.write(bytes);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 413) throw error;
      this.#open = null;
      this.files.push({ refusal: error });
      await upload.discard();
    }
  }

  #end(): void {
    if (this.#open != null) this.files.push({ upload: this.#open });
    this.#open = undefined;
  }
}
