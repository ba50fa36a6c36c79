import { Refusal } from '../refusal.ts';

const RETRY_AFTER_SECONDS = '2';

/** What one request holds of the server's memory and disk. */
export interface ByteHold {
  /** @throws Refusal 429 if all requests together would hold too much */
  add(numBytes: number): void;
  /** Gives back what was added. */
  release(): void;
}

/** Counts the bytes of bodies that arrive or wait, over all requests. */
export interface HeldBytes {
  hold(): ByteHold;
  /** Held now. */
  readonly numBytes: number;
}

export function createHeldBytes(maxBytes: number): HeldBytes {
  let total = 0;
  return {
    get numBytes() {
      return total;
    },
    hold() {
      let held = 0;
      return {
        add(numBytes) {
          if (total + numBytes > maxBytes) throw tooMuch();
          total += numBytes;
          held += numBytes;
        },
        release() {
          total -= held;
          held = 0;
        },
      };
    },
  };
}

function tooMuch(): Refusal {
  const detail = 'Too much is being uploaded at the moment; try again later.';
  return new Refusal(429, detail, { 'Retry-After': RETRY_AFTER_SECONDS });
}
