const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `15.0 MB`: in powers of a thousand, as the Hub's pages and disk makers count. */
export function formatBytes(numBytes: number): string {
  if (numBytes < 1000) return `${numBytes} B`;
  let value = numBytes / 1000;
  let unit = 0;
  // What would be rounded to 1000.0 is one of the next unit.
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}
