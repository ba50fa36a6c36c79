import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { onnxPredict, run } from './command.ts';
import { readCopy, readDockerfile, variablesOf } from './dockerfile.ts';

interface InstalledPackages {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

const stages = readDockerfile('Dockerfile');
const image = stages.at(-1)!;
const variables = variablesOf(image);
const ignored = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const compose = await readFile('compose.yaml', 'utf8');
/** The first process of the image is tini, which starts this. */
const [TINI, SEPARATOR, PROGRAM, ...PROGRAM_ARGS] = image.exec('ENTRYPOINT');
const USER = 1000;

describe('the Dockerfile', () => {
  test('copies what is there and what .dockerignore lets through, and nothing else is let through', () => {
    const copied = stages
      .flatMap((stage) => stage.all('COPY').map(readCopy))
      .flatMap(({ from, sources }) => (from === undefined ? sources : []));
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    expect(ignored[0]).toBe('*');
    const through = ignored.slice(1).map((line) => line.replace(/^!/, ''));
    expect([...new Set(copied.map((path) => path.split('/')[0]))].sort()).toEqual([...through].sort());
  });

  test('starts the server without a shell, so that signals reach it', () => {
    expect([TINI, SEPARATOR, PROGRAM, ...image.exec('CMD')]).toEqual(['tini', '--', 'node', 'serve']);
  });

  test('has no root, a volume for the models, and says by variables that it listens on all addresses', () => {
    expect(image.all('USER')).toEqual([`${USER}:${USER}`]);
    expect(image.all('VOLUME')).toEqual([variables['HF_HOME']]);
    expect(image.all('EXPOSE')).toEqual([variables['ONNX_PREDICT_PORT']]);
    expect(variables).toMatchObject({ ONNX_PREDICT_HOST: '0.0.0.0', ONNX_PREDICT_INSECURE: '1', NODE_ENV: 'production' });
  });

  test('downloads nothing but packages', () => {
    expect(variablesOf(stages[0]!)).toMatchObject({ ONNXRUNTIME_NODE_INSTALL: 'skip' });
    for (const command of stages[0]!.all('RUN').filter((text) => /npm (ci|prune)/.test(text))) {
      expect(command).toContain('--ignore-scripts');
    }
  });
});

test('every variable of the image and of compose.yaml is an option of serve', async () => {
  const { stdout: help } = await onnxPredict(['serve', '--help']);
  const known = help.replace(/\s+/g, '');
  const names = [...Object.keys(variables), ...compose.match(/\bONNX_PREDICT_\w+/g)!];
  for (const name of names.filter((name) => name.startsWith('ONNX_PREDICT_'))) expect(known).toContain(`[${name}]`);
});

describe('compose.yaml', () => {
  test('publishes the port on this machine only', () => {
    const [, ports] = /\n {4}ports:\n((?: {6}- .*\n)+)/.exec(compose)!;
    expect(ports!.trim()).toBe(`- "127.0.0.1:8000:${variables['ONNX_PREDICT_PORT']}"`);
  });

  test.each([
    'read_only: true',
    'cap_drop:\n      - ALL',
    'no-new-privileges:true',
    'restart: unless-stopped',
    '- models:/data',
    '- /tmp:',
  ])('says %j', (line) => {
    expect(compose).toContain(line);
  });

  test('gives the server the time that it takes to shut down', () => {
    const [, timeout] = /SHUTDOWN_TIMEOUT: (\d+)s/.exec(compose)!;
    const [, grace] = /stop_grace_period: (\d+)s/.exec(compose)!;
    expect(Number(grace)).toBeGreaterThan(Number(timeout));
  });
});

describe('the files of the image, in a folder that nobody may write', () => {
  let root: string;
  let app: string;
  let server: ChildProcess | undefined;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
    app = join(root, 'app');
    for (const name of ['app', 'data', 'tmp']) await mkdir(join(root, name));
    for (const text of image.all('COPY')) {
      const { sources, target } = readCopy(text);
      for (const source of sources.map((source) => source.replace(/^\/app\//, '')))
        await copy(source, join(app, target, target.endsWith('/') ? source : ''));
    }
    await chmod(root, 0o755);
    await run('chmod', ['-R', 'a-w', app]);
    if (process.getuid?.() === 0) for (const name of ['data', 'tmp']) await chown(join(root, name), USER, USER);
  });
  afterEach(async () => {
    server?.kill('SIGKILL');
    await run('chmod', ['-R', 'u+w', app]);
    await rm(root, { recursive: true });
  });

  async function copy(source: string, target: string): Promise<void> {
    if (source === 'node_modules') await linkPackages(target);
    else await cp(source, target, { recursive: true });
  }

  /** Those that `npm prune` leaves; they are too many to be copied for a test. */
  async function linkPackages(target: string): Promise<void> {
    const { packages } = JSON.parse(await readFile('node_modules/.package-lock.json', 'utf8')) as InstalledPackages;
    const kept = Object.keys(packages).filter((path) => !packages[path]!.dev && !packages[path]!.devOptional);
    const names = kept.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? []);
    for (const name of names) {
      await mkdir(join(target, name, '..'), { recursive: true });
      await symlink(resolve('node_modules', name), join(target, name));
    }
  }

  test('answer, are healthy, and end in order', async () => {
    const port = await freePort();
    const env = {
      PATH: process.env['PATH'],
      ...variables,
      ONNX_PREDICT_HOST: '127.0.0.1',
      ONNX_PREDICT_PORT: String(port),
      ONNX_PREDICT_ALIAS: 'mit-b0=tiny',
      HF_HOME: join(root, 'data'),
      TMPDIR: join(root, 'tmp'),
      HOME: '/nonexistent',
    };
    const options = { cwd: app, env, ...userOptions() };
    const [, ...check] = image.exec('HEALTHCHECK');
    const isHealthy = async () => (await once(spawn(process.execPath, check, options), 'close'))[0] === 0;

    expect(await isHealthy()).toBe(false);
    server = spawn(process.execPath, [...PROGRAM_ARGS, ...image.exec('CMD')], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [line] = (await once(server.stderr!.setEncoding('utf8'), 'data')) as [string];
    expect(line).toContain(`Listening on http://127.0.0.1:${port}`);
    expect(await isHealthy()).toBe(true);

    const form = new FormData();
    form.append('file', new Blob([await readFile('examples/ship.jpg')]), 'ship.jpg');
    const answer = await fetch(`http://127.0.0.1:${port}/predict/image_classes`, { method: 'POST', body: form });
    expect(await answer.json()).toEqual({ class_label: 'ship' });
    expect((await fetch(`http://127.0.0.1:${port}/docs/assets/swagger-ui-bundle.js`)).status).toBe(200);

    server.kill('SIGTERM');
    expect(await once(server, 'exit')).toEqual([0, null]);
  });
});

/** As the image's user, if this user may become it and that one may read the packages. */
function userOptions(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const user = { uid: USER, gid: USER };
  const { status } = spawnSync(process.execPath, [resolve('bin/onnx-predict.js'), '--version'], { ...user, cwd: '/' });
  return status === 0 ? user : {};
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
