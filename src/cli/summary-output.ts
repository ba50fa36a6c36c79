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
  if (format.kind === 'json') return `${jsonLine(snakeCaseKeys({ file, ...result }))}\n`;
  const { before, after } = summaryFrame(file, format);
  return `${before}${printable(result.summary)}${after}`;
}

/** What stands around a summary. */
export function summaryFrame(
  file: string,
  format: Exclude<SummaryFormat, { kind: 'json' }>,
): { readonly before: string; readonly after: string } {
  if (format.kind === 'quiet' || !format.withFile) return { before: '', after: '\n' };
  const name = printable(file);
  if (format.kind === 'table') return { before: `${name}\t`, after: '\n' };
  return { before: `${format.color ? styleText('bold', name) : name}\n`, after: '\n\n' };
}
