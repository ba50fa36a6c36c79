import { expect, test } from 'vitest';
import { wantsEvents } from '../../../../src/http/events/wants-events.ts';

test.each([
  'text/event-stream',
  'TEXT/Event-Stream',
  'text/event-stream;charset=utf-8',
  'text/event-stream, */*',
  '*/*, text/event-stream',
  'text/event-stream, application/json',
  'text/event-stream;q=0.5, application/json;q=0.4',
  'application/json;q=0, text/event-stream;q=0.001',
  'text/html, text/event-stream ; q=0.9, */*;q=0.8',
  'text/event-stream;q=0.5, */*;q=0.1, application/json;q=0.5;x="a, b"',
])('%j asks for events', (accept) => {
  expect(wantsEvents(accept)).toBe(true);
});

test.each([
  '',
  '*/*',
  'text/*',
  'application/json',
  'application/json, text/event-stream',
  'application/json, text/event-stream;q=0.9',
  'text/event-stream;q=0.9, application/json',
  'text/event-stream;q=0.5, application/*;q=0.6',
  'text/event-stream;q=0.5, */*',
  'text/event-stream;q=0',
  'text/event-stream;q=0.0, */*;q=0.1',
  'text/event-stream;q=2',
  'text/event-stream;q=much',
  'text/event-streams',
  'text/html;x="text/event-stream"',
  'x'.repeat(10_000) + ','.repeat(10_000),
])('%.40j does not', (accept) => {
  expect(wantsEvents(accept)).toBe(false);
});
