import { expect, test } from 'vitest';
import { isLoopback } from '../../../src/cli/loopback.ts';

test.each(['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST'])(
  'only this machine reaches %s',
  (host) => expect(isLoopback(host)).toBe(true),
);

test.each(['0.0.0.0', '::', '192.168.1.1', '128.0.0.1', '::ffff:10.0.0.1', 'example.org', '127.0.0.1.example.org', '127.1', ''])(
  'others may reach %j',
  (host) => expect(isLoopback(host)).toBe(false),
);
