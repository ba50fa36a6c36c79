import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../../../src/http/tracing/traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('a header of version 00 is read and written', () => {
  const header = `00-${TRACE}-${SPAN}-01`;
  const read = parseTraceparent(header)!;
  expect(read).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
  expect(formatTraceparent(read)).toBe(header);
});

test('one of a later version may say more', () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-00-more`)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 0 });
});

test.each([
  '',
  TRACE,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
])('%j is no trace', (header) => expect(parseTraceparent(header)).toBeUndefined());
