/** So many pieces are put together to one: each of them takes a hundred bytes and more beside its own. */
const MAX_PIECES = 1024;

/** Bytes that arrive piece by piece, however small the pieces are. */
export class CollectedBytes {
  #joined: Buffer[] = [];
  #pieces: Buffer[] = [];

  add(bytes: Buffer): void {
    this.#pieces.push(bytes);
    if (this.#pieces.length < MAX_PIECES) return;
    this.#joined.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }

  /** All that was added since it was taken last. */
  take(): Buffer {
    const bytes = Buffer.concat([...this.#joined, ...this.#pieces]);
    this.#joined = [];
    this.#pieces = [];
    return bytes;
  }
}
