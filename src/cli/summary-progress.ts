import type { SummarizeEvent } from '../schemas.ts';
import type { Terminal } from './terminal.ts';

type ProgressEvent = Extract<SummarizeEvent, { type: 'tokens' | 'parts' }>;

const ERASE_LINE = '\r\u001b[K';

/** A line on stderr that says how far a summary is. */
export interface SummaryProgress {
  show(event: ProgressEvent): void;
  /** Erases the line. */
  clear(): void;
}

/** The line appears on a terminal only. */
export function showSummaryProgress({ stderr }: Terminal, enabled: boolean): SummaryProgress {
  const visible = enabled && stderr.isTTY === true;
  let shown = false;
  return {
    show(event) {
      if (!visible) return;
      shown = true;
      stderr.write(`${ERASE_LINE}${describe(event)}`);
    },
    clear() {
      if (shown) stderr.write(ERASE_LINE);
      shown = false;
    },
  };
}

function describe(event: ProgressEvent): string {
  if (event.type === 'tokens') return `${event.outputTokens} of at most ${event.maxLength} tokens`;
  return `${event.numDone} of ${event.numParts} parts${event.round === 1 ? '' : ` of what they gave (round ${event.round})`}`;
}
