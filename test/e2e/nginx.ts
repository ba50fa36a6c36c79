import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../integration/processes.ts';
import { canRun, findProgram } from './command.ts';

/** The reverse proxy that is installed, if it is. */
export const NGINX = ['nginx', '/usr/sbin/nginx']
  .filter((name) => canRun(name, ['-v']))
  .map((name) => findProgram(name) ?? name)[0];

/** What of the configuration in docs/serving.md is written otherwise. */
export type Changes = Readonly<Record<string, string>>;

export interface RunningNginx extends AsyncDisposable {
  readonly url: string;
}

/** The block of configuration that the guide gives. */
async function readLocation(changes: Changes): Promise<string> {
  const [, block = ''] = /```nginx\n(.*?)```/s.exec(await readFile('docs/serving.md', 'utf8')) ?? [];
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`docs/serving.md says nothing of ${from}`);
    return text.replace(from, to);
  }, block);
}

/** Starts nginx as docs/serving.md configures it. It comes to the server from 127.0.0.2, as if from another machine. */
export async function startNginx(upstreamPort: number, changes: Changes = {}): Promise<RunningNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  const port = await freePort();
  const location = await readLocation({ ...changes, '127.0.0.1:8000': `127.0.0.1:${upstreamPort}` });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  await writeFile(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1; pid ${folder}/pid; error_log stderr; daemon off;
    events {}
    http {
      access_log off; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port}; proxy_bind 127.0.0.2; ${location} }
    }`,
  );
  const child = spawn(NGINX!, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    output += data;
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${output}`);
    return fetch(url).then(
      () => true,
      () => undefined,
    );
  });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
