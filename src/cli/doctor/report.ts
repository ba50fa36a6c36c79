import { styleText } from 'node:util';
import { printable } from '../../printable-text.ts';
import type { Check } from './check.ts';

const MARKS = { ok: '✓', warning: '!', problem: '✗' } as const;
const COLORS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;
const INDENT = 4;

/** A report for people, no wider than `columns`: what is not well has its remedy below it. */
export function formatReport(
  checks: readonly Check[],
  { columns, color }: { readonly columns: number; readonly color: boolean },
) {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const sections = [...new Set(checks.map(({ section }) => section))];
  const parts = sections.map((section) => {
    const own = checks.filter((check) => check.section === section);
    return `${heading(section, color)}\n${own.map((check) => formatCheck(check, { width, columns, color })).join('')}`;
  });
  return `${parts.join('\n')}\n${summarize(checks)}\n`;
}

function heading(section: string, color: boolean): string {
  return color ? styleText('bold', section) : section;
}

function formatCheck(
  { name, value, status, remedy }: Check,
  { width, columns, color }: { readonly width: number; readonly columns: number; readonly color: boolean },
): string {
  const mark = color ? styleText(COLORS[status], MARKS[status]) : MARKS[status];
  const room = Math.max(20, columns - INDENT - width - 2);
  const indent = ' '.repeat(INDENT + width + 2);
  const [first = '', ...rest] = wrap(printable(value), room);
  const advice = remedy === undefined ? [] : wrap(printable(remedy), room - 2).map((line, i) => `${i === 0 ? '→' : ' '} ${line}`);
  return [`  ${mark} ${name.padEnd(width)}  ${first}`, ...[...rest, ...advice].map((line) => indent + line)]
    .map((line) => `${line}\n`)
    .join('');
}

function summarize(checks: readonly Check[]): string {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (problems + warnings === 0) return 'Nothing is wrong.';
  const plural = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  return `${plural(problems, 'problem')}, ${plural(warnings, 'warning')}.`;
}

/** Lines of at most `room` characters; a word that is longer is cut, so that no line is wider. */
export function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => each.match(new RegExp(`.{1,${room}}`, 'gs')) ?? [''])) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= room) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
