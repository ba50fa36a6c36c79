import { expect, test } from 'vitest';
import type { RequestRecord } from '../../../../src/http/observation/request-record.ts';
import { createServerLog } from '../../../../src/http/observation/server-log.ts';

const RECORD: RequestRecord = {
  requestId: 'id-1',
  method: 'POST',
  route: '/text',
  path: '/text',
  status: 200,
  durationMs: 12.3456,
  bytesIn: 100,
  bytesOut: 300,
  model: 't5',
  queueMs: 4.56,
  client: '127.0.0.1',
};
const NOW = new Date(2026, 10, 24, 23, 30, 0, 123);

function logged(record: RequestRecord): { readonly json: string; readonly line: string } {
  const written = { json: '', line: '' };
  const log = createServerLog({
    writeLine: (line) => {
      written.json += line;
    },
    appLog: {
      write: (level, message) => {
        written.line += `${level} ${message}`;
      },
    },
    now: () => NOW,
  });
  log.onRequest(record);
  return written;
}

test('a request is one line of JSON, and a line of the log file', () => {
  const { json, line } = logged(RECORD);
  expect(json.endsWith('\n')).toBe(true);
  expect(JSON.parse(json)).toEqual({
    time: NOW.toISOString(),
    level: 'info',
    request_id: 'id-1',
    method: 'POST',
    route: '/text',
    status: 200,
    duration_ms: 12.3,
    bytes_in: 100,
    bytes_out: 300,
    model: 't5',
    queue_ms: 4.6,
    client: '127.0.0.1',
  });
  expect(line).toBe('info POST /text 200 by t5 in 12.3 ms for 127.0.0.1 (id-1)');
});

test.each([
  [200, 'info'],
  [404, 'info'],
  [499, 'info'],
  [429, 'warn'],
  [503, 'warn'],
  [500, 'error'],
])('status %i is logged at level %s', (status, level) => {
  expect(JSON.parse(logged({ ...RECORD, status }).json)).toMatchObject({ status, level });
});

test('a path with control characters stays on its line', () => {
  const { json } = logged({ ...RECORD, route: null, path: '/a\n{"level":"error"}\u2028\u007f' });
  expect(json.split('\n')).toHaveLength(2);
  expect(json).not.toMatch(/[\u2028\u007f]/);
  expect(JSON.parse(json)).toMatchObject({ route: '/a\n{"level":"error"}\u2028\u007f' });
});

test('warnings and news of the engine are lines of both', () => {
  const lines: string[] = [];
  const { logger } = createServerLog({
    writeLine: (line) => lines.push(line),
    appLog: { write: (level, message) => lines.push(`${level} ${message}`) },
    now: () => NOW,
  });
  logger.warn('a runner ended');
  logger.debug('nobody asks for this');
  expect(lines).toEqual([`{"time":"${NOW.toISOString()}","level":"warn","message":"a runner ended"}\n`, 'warn a runner ended']);
});
