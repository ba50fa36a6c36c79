import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { processTerminal, type Terminal } from '../../../src/cli/terminal.ts';

/** A terminal over streams that end each write as `write` does. */
function terminalWith(
  write: (done: (error?: Error) => void) => void,
  signal = new AbortController().signal,
): Terminal & { readonly diagnostics: () => string } {
  let diagnostics = '';
  const stdout = new Writable({ write: (_chunk, _encoding, done) => write(done) });
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      diagnostics += chunk;
      done();
    },
  });
  const streams = { stdin: process.stdin, stdout: Object.assign(stdout, { columns: 0 }), stderr };
  const terminal = processTerminal(streams as unknown as NodeJS.Process, signal);
  return Object.defineProperties({ diagnostics: () => diagnostics }, Object.getOwnPropertyDescriptors(terminal)) as Terminal & {
    readonly diagnostics: () => string;
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('a terminal', () => {
  test('of no columns counts as one of 80', () => {
    expect(terminalWith((done) => done()).columns).toBe(80);
  });

  test('does not wait for a slow reader once the command shall end', async () => {
    const controller = new AbortController();
    const terminal = terminalWith(() => {}, controller.signal);
    const written = terminal.writeResult('label');
    controller.abort();
    await written;
    await terminal.writeResult('label');
  });

  test('whose reader has left has lost nothing', async () => {
    const terminal = terminalWith((done) => done(systemError('EPIPE')));
    await terminal.writeResult('label');
    expect(terminal).toMatchObject({ outputClosed: true, outputFailed: false });
    expect(terminal.diagnostics()).toBe('');
  });

  test('that cannot write says so', async () => {
    const terminal = terminalWith((done) => done(systemError('ENOSPC')));
    await terminal.writeResult('label');
    expect(terminal).toMatchObject({ outputClosed: true, outputFailed: true });
    expect(terminal.diagnostics()).toContain('ENOSPC');
  });
});
