import { styleText } from 'node:util';
import { jsonLine, printable } from '../printable-text.ts';
import type { SummaryResult } from '../schemas.ts';
import { snakeCaseKeys } from '../snake-case.ts';

/** How summaries are written; `terminal` is for people. */
export type SummaryFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'table'; readonly withFile: boolean }
  | { readonly kind: 'terminal'; readonly withFile: boolean; readonly color: boolean };

/** The text of one result, line ends included. */
export function formatSummary(file: string, result: SummaryResult, format: SummaryFormat): string {
  const summary = printable(result.summary);
  switch (format.kind) {
    case 'json':
      return `${jsonLine(snakeCaseKeys({ file, ...result }))}\n`;
    case 'quiet':
      return `${summary}\n`;
    case 'table':
      return `${format.withFile ? `${printable(file)}\t` : ''}${summary}\n`;
    case 'terminal': {
      const heading = format.color ? styleText('bold', printable(file)) : printable(file);
      return format.withFile ? `${heading}\n${summary}\n\n` : `${summary}\n`;
    }
  }
}
