import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeHub, startFakeHub } from '../hub-server/fake-hub.ts';
import {
  commitFiles,
  type FakeRepository,
  readFolder,
  seededBytes,
  seededRandom,
  sha256,
} from '../hub-server/fake-repository.ts';
import { waitUntil } from '../integration/processes.ts';
import { BIN, canRun, type Ended, onnxPredict, run } from './command.ts';

const SHIP = 'examples/ship.jpg';
const MODEL = 'onnx/model.onnx';
const TINY_FILES = await readFolder('models/tiny-image-classifier');
/** Kept back in a repository, this many bytes may be fetched again after a crash. */
const MAX_REFETCHED_BYTES = 8 * 1024 * 1024;

let hub: FakeHub;
let repository: FakeRepository;
let commit: string;
let cacheDir: string;
beforeEach(async () => {
  hub = await startFakeHub();
  ({ repository, commit } = hub.addRepository('Xenova/mit-b0', TINY_FILES));
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(cacheDir, { recursive: true });
});

function hubEnvironment(): NodeJS.ProcessEnv {
  return { HF_HUB_OFFLINE: '', HF_ENDPOINT: hub.url, HF_HUB_CACHE: cacheDir };
}

function predict(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return onnxPredict(args, { env: { ...hubEnvironment(), ...env } });
}

function contentRequests(path: string) {
  return hub.requests.filter(
    (seen) => seen.path === path && (path.endsWith('.onnx') ? seen.host === 'cdn' : seen.status !== 307),
  );
}

describe('classify', () => {
  test('with no flags fetches the default model, answers, and answers the next time without a request', async () => {
    const { stdout, stderr, status } = await predict(['classify', SHIP]);
    expect(stdout).toMatch(/^ship\t0\.\d{6}\n$/);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const numRequests = hub.requests.length;
    expect(numRequests).toBeGreaterThan(0);
    const again = await predict(['classify', SHIP, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      class_label: 'ship',
      model: { id: 'Xenova/mit-b0', revision: commit, dtype: 'fp32' },
    });
    expect((await predict(['classify', SHIP, SHIP, '--quiet', '--offline'])).stdout).toBe('ship\nship\n');
    expect(hub.requests).toHaveLength(numRequests);
  });

  test('takes a repository at a revision, a dtype and a cache folder', async () => {
    repository.refs.set('v1', commit);
    const folder = join(cacheDir, 'elsewhere');
    const args = ['classify', SHIP, '--model', 'Xenova/mit-b0@v1', '--dtype', 'q8', '--cache-dir', folder, '--json'];
    const { stdout } = await predict(args);
    expect(JSON.parse(stdout)).toMatchObject({ class_label: 'ship', model: { revision: commit, dtype: 'q8' } });
    expect(await readdir(join(folder, 'models--Xenova--mit-b0', 'refs'))).toEqual(['v1']);
    expect(
      (await predict(['classify', SHIP, '--revision', commit, '--dtype', 'q8', '--offline', '--cache-dir', folder])).status,
    ).toBe(0);
  });

  test('offline says exactly what is missing and what to do, with status 4', async () => {
    const { stdout, stderr, status } = await predict(['classify', SHIP, '--offline']);
    expect({ stdout, status }).toEqual({ stdout: '', status: 4 });
    for (const part of [MODEL, 'Xenova/mit-b0', 'main', cacheDir, 'onnx-predict pull', 'HF_ENDPOINT', '--model tiny']) {
      expect(stderr).toContain(part);
    }
    expect(hub.requests).toEqual([]);
  });

  test.each([
    ['an unreachable Hub', ['classify', SHIP], { HF_ENDPOINT: 'http://127.0.0.1:9' }, '127.0.0.1:9'],
    ['an unknown repository', ['classify', SHIP, '--model', 'nobody/nothing'], {}, 'nobody/nothing'],
    ['an unknown revision', ['classify', SHIP, '--revision', 'nowhere'], {}, 'nowhere'],
    ['an unknown dtype variant', ['pull', 'mit-b0', '--dtype', 'q4'], {}, 'fp32 (4.9 MB), q8 (1.3 MB)'],
    ['a cache folder that is a file', ['pull', 'mit-b0', '--cache-dir', 'package.json'], {}, 'package.json'],
    ['nothing to remove', ['rm', '-y', 'mit-b0'], {}, 'nothing to remove'],
    ['nothing to verify', ['verify', 'mit-b0'], {}, 'nothing to verify'],
  ])('and its siblings end with status 4 and one line for %s', async (_, args, env, part) => {
    const { stdout, stderr, status } = await predict(args, env);
    expect(stderr).toContain(part);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ stdout, status }).toEqual({ stdout: '', status: 4 });
  });

  test.each([
    ['pull', 'a/b.git'],
    ['pull', 'mit-b0@../../x'],
    ['rm', '-y', 'tiny'],
    ['rm', 'mit-b0', '--revision', '..'],
  ])('and its siblings end with status 2 for %s %s', async (...args) => {
    expect((await predict(args)).status).toBe(2);
  });
});

describe('summarize', () => {
  const TEXT = 'The museum will be closed on Monday for repairs. '.repeat(8);

  test('with no flags fetches the default model, answers by its documented lengths, and the next time without a request', async () => {
    const files = await readFolder('models/tiny-summarizer');
    const small = hub.addRepository('Xenova/t5-small', files);
    const first = await onnxPredict(['summarize', '--json'], { env: hubEnvironment(), stdin: TEXT });
    const answer = JSON.parse(first.stdout) as { output_tokens: number };
    expect(answer).toMatchObject({ model: { id: 'Xenova/t5-small', revision: small.commit, dtype: 'fp32' } });
    // The model itself would be content with five.
    expect(answer.output_tokens).toBeGreaterThanOrEqual(30);
    const numRequests = hub.requests.length;
    const again = await onnxPredict(['summarize', '--max', '12', '--json'], { env: hubEnvironment(), stdin: TEXT });
    expect(JSON.parse(again.stdout)).toMatchObject({ output_tokens: 12 });
    const byName = ['summarize', '-m', 'Xenova/t5-small', '--json', '--offline'];
    const own = JSON.parse((await onnxPredict(byName, { env: hubEnvironment(), stdin: TEXT })).stdout) as typeof answer;
    expect(own.output_tokens).toBeLessThan(30);
    const ids = await onnxPredict(['tokenize', '--ids'], { env: hubEnvironment(), stdin: 'Hello world' });
    expect(ids.stdout).toBe('743 233 140 333 1\n');
    expect(hub.requests).toHaveLength(numRequests);
  });
});

describe('pull', () => {
  test('tells what it fetched: for people, for programs and bare', async () => {
    const root = join(cacheDir, 'models--Xenova--mit-b0', 'snapshots', commit);
    const { stdout } = await predict(['pull', 'mit-b0', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      model: { id: 'Xenova/mit-b0', revision: commit, dtype: 'fp32' },
      files: ['config.json', 'preprocessor_config.json', MODEL].map((path) => ({ path, size_bytes: TINY_FILES[path]!.length })),
      total_bytes: 4_943_574,
      downloaded_bytes: 4_943_574,
      folder: root,
      licence: expect.stringContaining('non-commercial') as string,
      upstream: 'nvidia/mit-b0',
    });
    expect((await predict(['pull', 'mit-b0'])).stdout).toBe(`Xenova/mit-b0\t${commit}\tfp32\t4943574\t0\t${root}\n`);
    expect((await predict(['pull', 'mit-b0', '--quiet', '--offline'])).stdout).toBe(`${root}\n`);
  });

  test('finds that the branch moved', async () => {
    await predict(['pull', 'mit-b0']);
    const moved = commitFiles(repository, {
      ...TINY_FILES,
      'config.json': Buffer.concat([TINY_FILES['config.json']!, Buffer.from('\n')]),
    });
    expect((await predict(['pull', 'mit-b0'])).stdout).toContain(`${moved}\tfp32\t4943575\t951\t`);
  });

  test('sends a token to the Hub alone, and keeps it to itself', async () => {
    hub.addRepository('org/private', TINY_FILES, { token: 'hf_secret' });
    const { stdout, stderr, status } = await predict(['pull', 'org/private'], { HF_TOKEN: 'hf_secret' });
    expect(status).toBe(0);
    expect(stdout + stderr).not.toContain('hf_secret');
    expect(new Set(hub.requests.map(({ host, authorization }) => `${host} ${authorization}`))).toEqual(
      new Set(['hub Bearer hf_secret', 'cdn undefined']),
    );
  });

  test('goes through a proxy where one is set, but not to what is exempt', async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(new URL(request.url!).host);
      const { pathname, search } = new URL(request.url!);
      void fetch(hub.url + pathname + search, { redirect: 'manual', method: request.method! }).then(async (answer) => {
        const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'transfer-encoding'));
        response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const env = { HF_ENDPOINT: 'http://hub.invalid', http_proxy: `http://127.0.0.1:${port}`, no_proxy: 'localhost' };
    const { stderr, status } = await predict(['pull', 'mit-b0'], env);
    await new Promise((resolve) => proxy.close(resolve));
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(new Set(seen)).toEqual(new Set(['hub.invalid']));
    expect(contentRequests(MODEL)).toHaveLength(1);
  });
});

describe('a download', () => {
  const SIZE_BYTES = 24 * 1024 * 1024;
  const files: Record<string, Buffer> = { ...TINY_FILES, [MODEL]: seededBytes(SIZE_BYTES, 7) };
  const ETAG = sha256(files[MODEL]!);
  const blobs = () => join(cacheDir, 'models--org--large', 'blobs');

  function startPull(args: readonly string[] = ['pull', 'org/large']) {
    const child = spawn(process.execPath, [BIN, ...args], {
      env: { ...process.env, ...hubEnvironment() },
      stdio: 'ignore',
    });
    return { child, ended: new Promise((resolve) => child.once('close', resolve)) };
  }

  test('that is killed at 20 random bytes ends byte-identical, and fetches little again', async () => {
    hub.addRepository('org/large', files);
    const random = seededRandom(20_241_124);
    const killAt = Array.from({ length: 20 }, () => 1 + Math.floor(random() * (SIZE_BYTES - 1))).sort((a, b) => a - b);
    for (const [index, position] of killAt.entries()) {
      const { child, ended } = startPull();
      hub.react = ({ host, range }) => {
        if (host !== 'cdn') return undefined;
        const start = Number(/\d+/.exec(range ?? 'bytes=0-')?.[0]);
        const stallAfterBytes = Math.max(0, position - start);
        return {
          stallAfterBytes,
          async onSent(numBytes) {
            if (numBytes < stallAfterBytes) return;
            // Every other time, what was sent may still be on its way.
            if (index % 2 === 0) await waitUntil(async () => (await sizeOf(partial())) === position || undefined);
            child.kill('SIGKILL');
          },
        };
      };
      await ended;
    }
    hub.react = undefined;
    const last = await predict(['pull', 'org/large', '--json']);
    expect(last.status).toBe(0);
    expect(sha256(await readFile(join(blobs(), ETAG)))).toBe(ETAG);
    const requests = contentRequests(MODEL);
    expect(requests).toHaveLength(21);
    const starts = requests.map(({ range }) => Number(/\d+/.exec(range ?? 'bytes=0-')?.[0]));
    for (const [index, position] of killAt.entries()) {
      expect(starts[index + 1]).toBeLessThanOrEqual(position);
      expect(position - starts[index + 1]!).toBeLessThanOrEqual(MAX_REFETCHED_BYTES);
    }
    expect((await readdir(blobs())).filter((name) => !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name))).toEqual([]);
    expect((await predict(['verify', 'org/large'])).status).toBe(0);
  });

  test('of one model by five processes at once gets each file once', async () => {
    hub.addRepository('org/large', files);
    const ended = await Promise.all(Array.from({ length: 5 }, () => predict(['pull', 'org/large'])));
    expect(ended.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      Array.from({ length: 5 }, () => ({ status: 0, stderr: '' })),
    );
    for (const path of ['config.json', 'preprocessor_config.json', MODEL]) {
      expect(contentRequests(path).map(({ bytesSent }) => bytesSent)).toEqual([files[path]!.length]);
    }
    expect(await readdir(join(cacheDir, '.locks', 'models--org--large'))).toEqual([]);
  });

  test.each([
    ['SIGINT', ['classify', SHIP, '--model', 'org/large']],
    ['SIGTERM', ['classify', SHIP, SHIP, '--model', 'org/large']],
  ] as const)('is interrupted by %s in %j too, and lets go of its lock', async (signal, args) => {
    hub.addRepository('org/large', files);
    hub.react = ({ host }) => (host === 'cdn' ? { stallAfterBytes: 5_000_000 } : undefined);
    const { child, ended } = startPull(args);
    await waitUntil(async () => (await sizeOf(partial())) === 5_000_000 || undefined);
    child.kill(signal);
    await ended;
    expect(child.signalCode).toBe(signal);
    expect(await sizeOf(partial())).toBe(5_000_000);
    expect(await readdir(join(cacheDir, '.locks', 'models--org--large'))).toEqual([]);
  });

  test('that is interrupted ends by the signal, keeps what arrived, and can be pruned', async () => {
    hub.addRepository('org/large', files);
    hub.react = ({ host }) => (host === 'cdn' ? { stallAfterBytes: 5_000_000 } : undefined);
    const { child, ended } = startPull();
    await waitUntil(async () => (await sizeOf(partial())) === 5_000_000 || undefined);
    const dryRun = await predict(['prune', '--dry-run', '--json']);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ removed: [], kept: [{ path: partial() }] });
    expect((await predict(['rm', '-y', 'org/large'])).status).toBe(4);
    child.kill('SIGINT');
    await ended;
    expect(child.signalCode).toBe('SIGINT');
    expect(await sizeOf(partial())).toBe(5_000_000);
    expect((await predict(['prune', '--dry-run'])).stdout).toContain('would remove 5.0 MB');
    expect(JSON.parse((await predict(['prune', '--json'])).stdout)).toMatchObject({ freed_bytes: 5_000_000, kept: [] });
    expect(await readdir(join(cacheDir, '.locks', 'models--org--large'))).toEqual([]);
    expect((await readdir(blobs())).filter((name) => name.includes(ETAG))).toEqual([]);
  });

  test.skipIf(!canRun('script', ['--version']))(
    'on a terminal shows how it goes, and Ctrl-C gives the cursor back (needs script)',
    async () => {
      hub.addRepository('org/large', files);
      const env = { ...hubEnvironment(), TERM: 'xterm-256color', CI: undefined };
      hub.react = ({ host }) => {
        if (host !== 'cdn') return undefined;
        // The command is the one process that this test has started through script.
        return { stallAfterBytes: 5_000_000, onSent: (numBytes) => (numBytes < 5_000_000 ? undefined : interrupt()) };
      };
      const pidFile = join(cacheDir, 'pid');
      async function interrupt(): Promise<void> {
        await waitUntil(async () => (await sizeOf(partial())) === 5_000_000 || undefined);
        process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGINT');
      }
      const command = (args: string) => `stty cols 120; echo $$ > ${pidFile}; exec "${process.execPath}" ${BIN} ${args}`;
      const interrupted = await run('script', ['-qec', command('pull org/large'), '/dev/null'], { env });
      expect(interrupted.stdout).toContain('Downloading org/large@');
      expect(interrupted.stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(interrupted.stdout.lastIndexOf('\u001b[?25l'));
      hub.react = undefined;
      const { stdout } = await run('script', ['-qec', command('pull org/large'), '/dev/null'], { env });
      expect(stdout).toContain('org/large is ready');
      expect(stdout).toContain('20.2 MB downloaded');
      await rm(blobs(), { recursive: true });
      const plain = await run('script', ['-qec', command('pull org/large'), '/dev/null'], {
        env: { ...env, HF_HUB_DISABLE_PROGRESS_BARS: '1' },
      });
      expect(plain.stdout).not.toContain('\u001b[?25l');
    },
  );

  const partial = () => join(blobs(), `${ETAG}.onnx-predict.incomplete`);
});

describe('the other commands', () => {
  beforeEach(() => predict(['pull', 'mit-b0', '--quiet']));

  test('list what is there', async () => {
    const { stdout } = await predict(['list']);
    expect(stdout).toMatch(/^tiny\t-\t-\tfp32,q8\t\d+\timage-classification\ntiny\t-\t-\tfp32,q8\t\d+\tsummarization\n/m);
    expect(stdout).toContain(`mit-b0\tXenova/mit-b0\t${commit}\tfp32\t4943574\timage-classification\n`);
    const models = (await predict(['list', '--json'])).stdout.trimEnd().split('\n');
    expect(models.map((line) => JSON.parse(line) as { id: string }).find(({ id }) => id === 'mit-b0')).toMatchObject({
      task: 'image-classification',
      revision: commit,
      refs: ['main'],
      dtypes: ['fp32'],
      partial_bytes: 0,
    });
  });

  test('show sizes before a download, and what is known without the Hub', async () => {
    expect((await predict(['show', 'mit-b0'])).stdout).toBe(
      'fp32\t4943574\tyes\timage-classification\nq8\t1268441\tno\timage-classification\n',
    );
    const shown = JSON.parse((await predict(['show', 'mit-b0', '--json', '--offline'])).stdout) as Record<string, unknown>;
    expect(shown).toMatchObject({ source: 'cache', revision: commit, upstream: 'nvidia/mit-b0' });
    const elsewhere = await predict(['show', 'mit-b0', '--json', '--offline', '--cache-dir', join(cacheDir, 'empty')]);
    expect(JSON.parse(elsewhere.stdout)).toMatchObject({ source: 'registry', folder: null });
    const both = /^fp32\t\d+\tyes\timage-classification\nq8.*\nfp32\t\d+\tyes\tsummarization\nq8.*\n$/;
    expect((await predict(['show', 'tiny'])).stdout).toMatch(both);
    expect((await predict(['show', 'tiny', '--task', 'summarization'])).stdout).toMatch(/^fp32\t2\d{7}\tyes\tsummarization\n/);
  });

  test('verify what is there, and find damage', async () => {
    expect((await predict(['verify'])).stdout).toContain(`ok\tXenova/mit-b0@${commit.slice(0, 7)}\t${MODEL}\n`);
    const blob = join(cacheDir, 'models--Xenova--mit-b0', 'blobs', sha256(TINY_FILES[MODEL]!));
    const content = await readFile(blob);
    content[1000]! ^= 1;
    await writeFile(blob, content);
    const { stdout, stderr, status } = await predict(['verify', 'mit-b0']);
    expect(stdout).toContain(`corrupt\tXenova/mit-b0@${commit.slice(0, 7)}\t${MODEL}\n`);
    expect(stderr).toContain('onnx-predict rm');
    expect(status).toBe(4);
  });

  test('remove one revision with what no other needs, and then the rest', async () => {
    const moved = commitFiles(repository, { ...TINY_FILES, 'config.json': Buffer.from('{}') });
    await predict(['pull', 'mit-b0']);
    expect((await predict(['rm', 'mit-b0'])).status).toBe(2);
    expect((await predict(['rm', 'mit-b0', '--dry-run'])).stdout).toContain('would remove Xenova/mit-b0 (2 revisions, 4.9 MB)');
    expect(JSON.parse((await predict(['rm', '-y', '--json', '--revision', commit, 'mit-b0'])).stdout)).toEqual({
      repository: 'Xenova/mit-b0',
      revisions: [commit],
      freed_bytes: TINY_FILES['config.json']!.length,
      dry_run: false,
    });
    expect((await predict(['verify', 'mit-b0'])).stdout).toContain(moved.slice(0, 7));
    expect((await predict(['rm', '-y', 'mit-b0'])).stdout).toContain('removed Xenova/mit-b0 (1 revision, 4.9 MB)');
    expect(await readdir(cacheDir)).toEqual(['.locks']);
  });
});

// A sandbox may have strace and still forbid it to trace.
test.skipIf(!canRun('strace', ['-f', 'true']))(
  'no host but the Hub’s and the one that it sends to is contacted (needs strace)',
  async () => {
    const trace = join(cacheDir, 'trace');
    const args = ['-f', '-qq', '-e', 'trace=connect,sendto,sendmsg', '-o', trace, process.execPath, BIN, 'classify', SHIP];
    const { status } = await run('strace', args, { env: hubEnvironment() });
    expect(status).toBe(0);
    const calls = (await readFile(trace, 'utf8')).split('\n').filter((call) => call.includes('AF_INET'));
    const ports = [hub.url, hub.cdnUrl].map((url) => `htons(${new URL(url).port})`);
    for (const port of ports) expect(calls.some((call) => call.includes(port))).toBe(true);
    // Port 0: the C library asks itself, sending nothing, which address of a name is reachable.
    const foreign = calls.filter(
      (call) => !/127\.0\.0\.1|"::1"/.test(call) || ![...ports, 'htons(0)'].some((port) => call.includes(port)),
    );
    expect(foreign).toEqual([]);
  },
);

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path)
    .then(({ size }) => size)
    .catch(() => undefined);
}
