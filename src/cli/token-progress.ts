import type { SummarizeEvent } from '../schemas.ts';
import type { Terminal } from './terminal.ts';

const ERASE_LINE = '\r\u001b[K';

/** A line on stderr that says how far a summary is. */
export interface TokenProgress {
  show(event: Extract<SummarizeEvent, { type: 'tokens' }>): void;
  /** Erases the line. */
  clear(): void;
}

/** The line appears on a terminal only. */
export function showTokens({ stderr }: Terminal, enabled: boolean): TokenProgress {
  const visible = enabled && stderr.isTTY === true;
  let shown = false;
  return {
    show({ outputTokens, maxLength }) {
      if (!visible) return;
      shown = true;
      stderr.write(`${ERASE_LINE}${outputTokens} of at most ${maxLength} tokens`);
    },
    clear() {
      if (shown) stderr.write(ERASE_LINE);
      shown = false;
    },
  };
}
