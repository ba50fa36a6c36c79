import { shownValues } from './contest.js';
import { OURS } from './programs.js';
import { median } from './statistics.js';

/** @typedef {import('./contest.js').Row} Row */
/** @typedef {import('./contest.js').Figure} Figure */

/**
 * A figure as JSON has it.
 * @param {Figure} figure
 */
export function toSummary({ values, ...rest }) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), values, ...rest };
}

/**
 * Rows as lines of a table: of each peer also how many times ours it is, and of ours how many times the limit.
 * @param {readonly Row[]} rows
 * @param {import('./contest.js').Context['clock']} clock
 */
export function tableLines(rows, clock) {
  const peers = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))].filter((name) => name !== OURS);
  const grows = rows.some(({ growth }) => growth !== undefined);
  const header = ['what', 'ours', 'spread', ...(grows ? ['per doubling'] : []), ...peers, 'limit', 'ours/limit'];
  const lines = rows.map(({ what, unit, figures, limit, growth }) => {
    const shown = Object.fromEntries(
      Object.entries(figures).map(([name, figure]) => [name, { ...figure, values: shownValues(figure, clock) }]),
    );
    const ours = shown[OURS];
    const own = ours === undefined ? undefined : median(ours.values);
    return [
      what,
      own === undefined ? '-' : `${format(own)} ${unit}`,
      ours === undefined ? '-' : spread(ours),
      ...(grows ? [growth === undefined ? '-' : `x${growth.toFixed(2)}`] : []),
      ...peers.map((name) => peerCell(shown[name], own)),
      limit === null ? '-' : format(limit),
      limit === null || own === undefined ? '-' : (own / limit).toFixed(2),
    ];
  });
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |\n`);
}

/** @param {Figure | undefined} figure @param {number | undefined} own */
function peerCell(figure, own) {
  if (figure === undefined) return '-';
  const middle = median(figure.values);
  const ratio = own === undefined ? '' : `, ${(middle / own).toFixed(2)}x`;
  return `${format(middle)} (${spread(figure)})${ratio}${figure.note === undefined ? '' : ` [${figure.note}]`}`;
}

/** @param {Figure} figure */
function spread({ values }) {
  return `${format(Math.min(...values))} to ${format(Math.max(...values))}`;
}

/** Three digits that count. @param {number} value */
function format(value) {
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}
