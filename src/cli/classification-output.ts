import { styleText } from 'node:util';
import { jsonLine, printable } from '../printable-text.ts';
import type { Activation, ClassificationResult } from '../schemas.ts';
import { snakeCaseKeys } from '../snake-case.ts';

/** What stands for the label of an abstention where there is only text. */
const ABSTAINED = '-';
const MAX_BAR_WIDTH = 24;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** How results are written; `terminal` is for people. */
export type ClassificationFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'quiet' }
  | { readonly kind: 'table'; readonly withFile: boolean }
  | {
      readonly kind: 'terminal';
      readonly withFile: boolean;
      readonly columns: number;
      readonly color: boolean;
      readonly activation: Activation;
    };

/** The text of one result, line ends included. */
export function formatClassification(file: string, result: ClassificationResult, format: ClassificationFormat): string {
  const label = result.classLabel === null ? ABSTAINED : printable(result.classLabel);
  switch (format.kind) {
    case 'json':
      return `${jsonLine(snakeCaseKeys({ file, ...result }))}\n`;
    case 'quiet':
      return `${label}\n`;
    case 'table':
      return `${[...(format.withFile ? [printable(file)] : []), label, result.score.toFixed(6)].join('\t')}\n`;
    case 'terminal':
      return formatForPeople(file, result, format);
  }
}

function formatForPeople(
  file: string,
  result: ClassificationResult,
  format: Extract<ClassificationFormat, { kind: 'terminal' }>,
): string {
  const score = (value: number) => (format.activation === 'none' ? value.toFixed(3) : `${(100 * value).toFixed(1)}%`);
  const answer =
    result.classLabel === null ? 'not sure' : `${emphasize(printable(result.classLabel), format.color)}  ${score(result.score)}`;
  const scores = result.top.map((candidate) => score(candidate.score));
  const scoreWidth = Math.max(...scores.map((text) => text.length));
  const barWidth = format.activation === 'none' ? 0 : Math.max(0, Math.min(MAX_BAR_WIDTH, format.columns - scoreWidth - 24));
  const labelRoom = Math.max(8, format.columns - scoreWidth - barWidth - 6);
  const labels = result.top.map(({ label }) => shorten(printable(label), labelRoom));
  const labelWidth = Math.max(...labels.map((text) => text.length));
  const rows = result.top.map((candidate, row) => {
    const line = `  ${labels[row]!.padEnd(labelWidth)}  ${scores[row]!.padStart(scoreWidth)}  ${bar(candidate.score, barWidth)}`;
    return `${line.trimEnd()}\n`;
  });
  const heading = format.withFile ? `${printable(file)}: ${answer}` : answer;
  return `${heading}\n${rows.join('')}${format.withFile ? '\n' : ''}`;
}

function emphasize(text: string, color: boolean): string {
  return color ? styleText('bold', text) : text;
}

/** Characters, not code units, so that no surrogate pair is cut. */
function shorten(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, room - 1).join('')}…`;
}

/** `share` (0 to 1) of `width` character cells, in eighths. */
function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}
