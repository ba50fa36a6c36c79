import { Refusal } from '../refusal.ts';

/** What a multipart body consists of, in its order. A part that is cut off has no `end`. */
export type PartEvent =
  /** `disposition`: of the header Content-Disposition, bytes as Latin-1; undefined if there is none. */
  | { readonly type: 'headers'; readonly disposition: string | undefined }
  | { readonly type: 'data'; readonly bytes: Buffer }
  | { readonly type: 'end' };

const MAX_BOUNDARY_LENGTH = 256;
/** Of one part. */
const MAX_HEADERS = 8;
/** Of a header's line, without its end. */
const MAX_HEADER_LENGTH = 4096 + 128;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;
const EMPTY = Buffer.alloc(0);
const CRLF = '\r\n';

/**
 * Splits a body of parts (RFC 2046, 5.1) while it arrives, holding back no more than a line. As strict as python-multipart:
 * nothing may come before the first boundary, lines end with CR LF, headers are few, short and well-formed; what follows the last
 * boundary does not matter.
 */
export class MultipartScanner {
  readonly #delimiter: Buffer;
  #state: 'start' | 'headers' | 'data' | 'done' = 'start';
  #rest: Buffer = EMPTY;
  #numHeaders = 0;
  #disposition: string | undefined;

  /** @throws Refusal if the boundary is too long */
  constructor(boundary: string) {
    if (boundary.length > MAX_BOUNDARY_LENGTH) throw invalidForm();
    this.#delimiter = Buffer.from(`${CRLF}--${boundary}`, 'latin1');
  }

  /** @throws Refusal for what is no form */
  *scan(chunk: Buffer): Generator<PartEvent> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let advanced = true;
    while (advanced) {
      if (this.#state === 'start') advanced = this.#start();
      else if (this.#state === 'headers') advanced = yield* this.#headers();
      else if (this.#state === 'data') advanced = yield* this.#data();
      else advanced = false;
    }
    if (this.#state === 'done') this.#rest = EMPTY;
  }

  /** Reads the first boundary; like the methods below, true if it got any further. */
  #start(): boolean {
    const [first] = this.#rest;
    if (first === undefined) return false;
    if (first === 0x0d || first === 0x0a) {
      const dash = this.#rest.indexOf('-');
      this.#rest = dash === -1 ? EMPTY : this.#rest.subarray(dash);
      if (dash === -1) return false;
    }
    const opening = this.#delimiter.subarray(CRLF.length);
    const length = Math.min(opening.length, this.#rest.length);
    if (!this.#rest.subarray(0, length).equals(opening.subarray(0, length))) throw invalidForm();
    const suffix = suffixAt(this.#rest, opening.length);
    if (suffix === 'other') throw invalidForm();
    if (suffix === 'unknown') return false;
    this.#enter(suffix, opening.length);
    return true;
  }

  *#headers(): Generator<PartEvent, boolean> {
    const end = this.#rest.indexOf('\r');
    const line = this.#rest.toString('latin1', 0, end === -1 ? this.#rest.length : end);
    if (line !== '') this.#checkHeader(line, end !== -1);
    if (end === -1 || end + 1 === this.#rest.length) return false;
    if (this.#rest[end + 1] !== 0x0a) throw invalidForm();
    this.#rest = this.#rest.subarray(end + CRLF.length);
    if (line === '') {
      this.#state = 'data';
      yield { type: 'headers', disposition: this.#disposition };
      return true;
    }
    this.#numHeaders++;
    const colon = line.indexOf(':');
    if (line.slice(0, colon).toLowerCase() === 'content-disposition') {
      this.#disposition = line.slice(colon + 1).replace(/^ +/, '');
    }
    return true;
  }

  #checkHeader(line: string, whole: boolean): void {
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const valid = TOKEN.test(name) && (colon === -1 ? !whole : colon > 0);
    if (!valid || line.length > MAX_HEADER_LENGTH || this.#numHeaders === MAX_HEADERS) throw invalidForm();
  }

  *#data(): Generator<PartEvent, boolean> {
    const rest = this.#rest;
    const length = this.#delimiter.length;
    let at = rest.indexOf(this.#delimiter);
    let suffix = at === -1 ? 'other' : suffixAt(rest, at + length);
    while (at !== -1 && suffix === 'other') {
      at = rest.indexOf(this.#delimiter, at + length);
      suffix = at === -1 ? 'other' : suffixAt(rest, at + length);
    }
    // Without a boundary, its beginning may be at the end.
    const certain = at === -1 ? Math.max(0, rest.length - length + 1) : at;
    this.#rest = rest.subarray(certain);
    if (certain > 0) yield { type: 'data', bytes: rest.subarray(0, certain) };
    if (suffix === 'other' || suffix === 'unknown') return false;
    yield { type: 'end' };
    this.#enter(suffix, length);
    return true;
  }

  #enter(suffix: 'next' | 'last', delimiterLength: number): void {
    this.#state = suffix === 'next' ? 'headers' : 'done';
    this.#rest = this.#rest.subarray(delimiterLength + 2);
    this.#numHeaders = 0;
    this.#disposition = undefined;
  }
}

/** The one sentence for what is no form, as the original has it. */
function invalidForm(): Refusal {
  return new Refusal(400, 'Invalid multipart data.');
}

/** What follows a boundary: another part, the end, something that makes it no boundary, or not enough to tell. */
function suffixAt(bytes: Buffer, at: number): 'next' | 'last' | 'other' | 'unknown' {
  const suffix = bytes.toString('latin1', at, at + 2);
  if (suffix === CRLF) return 'next';
  if (suffix === '--') return 'last';
  return suffix === '' || suffix === '\r' || suffix === '-' ? 'unknown' : 'other';
}
