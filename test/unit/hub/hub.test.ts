import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHubEnvironment } from '../../../src/config.ts';
import { systemClock } from '../../../src/disk/clock.ts';
import { holdLock } from '../../../src/disk/file-lock.ts';
import { OnnxPredictError } from '../../../src/errors.ts';
import { cacheLayout } from '../../../src/hub/cache-layout.ts';
import { createHub, type Hub, hubSettings } from '../../../src/hub/hub.ts';
import type { HubSettings } from '../../../src/hub/hub-settings.ts';
import { createModelManager } from '../../../src/hub/manage-models.ts';
import type { DownloadEvent, Dtype } from '../../../src/schemas.ts';
import { listTree } from '../../hub-server/cache-tree.ts';
import { type FakeHub, type Reaction, startFakeHub } from '../../hub-server/fake-hub.ts';
import { commitFiles, type FakeRepository, gitBlobSha1, seededBytes, sha256 } from '../../hub-server/fake-repository.ts';
import { recordingClock } from '../../hub-server/recording-clock.ts';
import { waitUntil } from '../../integration/processes.ts';

const MODEL = 'onnx/model.onnx';
const FILES = {
  'README.md': Buffer.from('# not needed'),
  'config.json': Buffer.from('{"id2label": {}}'),
  'preprocessor_config.json': Buffer.from('{}'),
  'onnx/model.onnx': seededBytes(700_000, 1),
  'onnx/model_quantized.onnx': seededBytes(200_000, 2),
};
const ETAG = sha256(FILES[MODEL]);
const layoutOf = () => cacheLayout(cacheDir, 'Xenova/mit-b0');

let fake: FakeHub;
let cacheDir: string;
let repository: FakeRepository;
let commit: string;
let clock: ReturnType<typeof recordingClock>;
beforeEach(async () => {
  fake = await startFakeHub();
  ({ repository, commit } = fake.addRepository('Xenova/mit-b0', FILES));
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  clock = recordingClock();
});
afterEach(async () => {
  await fake[Symbol.asyncDispose]();
  await rm(cacheDir, { recursive: true, force: true });
});

/** A hub that is asked for classifiers. */
function createTestHub(changes: Partial<HubSettings> = {}) {
  const environment = readHubEnvironment({ HF_ENDPOINT: fake.url, HF_HUB_CACHE: cacheDir }, cacheDir);
  const hub = createHub({ ...hubSettings(environment, {}), clock, random: () => 0, stallMs: 5000, ...changes });
  async function resolve(request: Parameters<Hub['resolve']>[0], waiter: Parameters<Hub['resolve']>[1]) {
    const model = await hub.resolve(request, waiter);
    if (model.task !== 'image-classification') throw new Error(`It is for ${model.task}.`);
    return model;
  }
  return { ...hub, resolve };
}

const request = (changes: { model?: string; dtype?: Dtype; revision?: string } = {}) => ({
  task: 'image-classification' as const,
  model: 'Xenova/mit-b0',
  dtype: 'fp32' as const,
  revision: undefined,
  ...changes,
});

async function failure(promise: Promise<unknown>): Promise<OnnxPredictError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
  if (error instanceof OnnxPredictError) return error;
  throw error;
}

/** How often the content of each file was asked for, from whichever host has it. */
function contentRequests(path = MODEL) {
  return fake.requests.filter(
    (seen) => seen.path === path && (path.endsWith('.onnx') ? seen.host === 'cdn' : seen.status !== 307),
  );
}

function reactAt(path: string, ...reactions: (Reaction | undefined)[]): void {
  let next = 0;
  fake.react = (seen) => (seen.path === path && (seen.host === 'cdn') === path.endsWith('.onnx') ? reactions[next++] : undefined);
}

/** Cuts the connection once what was sent is on the disk: what is still on its way is lost with a connection. */
function cutAt(position: number, start = 0): Reaction {
  return {
    cutAfterBytes: position - start,
    async onSent(numBytes) {
      if (start + numBytes < position) return;
      await waitUntil(async () => (await stat(layoutOf().partial(ETAG))).size === position || undefined);
    },
  };
}

describe('a model that is not on the disk', () => {
  test('is fetched into the layout of huggingface_hub, and only what the task needs of it', async () => {
    const model = await createTestHub().resolve(request(), {});
    const root = 'models--Xenova--mit-b0';
    expect(model.identity).toEqual({ id: 'Xenova/mit-b0', revision: commit, dtype: 'fp32' });
    expect(await listTree(cacheDir)).toEqual({
      [`${root}/.no_exist/${commit}/onnx/model.onnx_data`]: '',
      [`${root}/blobs/${gitBlobSha1(FILES['config.json'])}`]: FILES['config.json'].toString(),
      [`${root}/blobs/${gitBlobSha1(FILES['preprocessor_config.json'])}`]: '{}',
      [`${root}/blobs/${ETAG}`]: '700000 bytes',
      [`${root}/refs/main`]: commit,
      [`${root}/snapshots/${commit}/config.json`]: `-> ../../blobs/${gitBlobSha1(FILES['config.json'])}`,
      [`${root}/snapshots/${commit}/onnx/model.onnx`]: `-> ../../../blobs/${ETAG}`,
      [`${root}/snapshots/${commit}/preprocessor_config.json`]: `-> ../../blobs/${gitBlobSha1(FILES['preprocessor_config.json'])}`,
    });
    expect(sha256(await readFile(model.files.model))).toBe(ETAG);
  });

  test('comes with the weights that are kept outside its graph', async () => {
    fake.addRepository('org/large', {
      ...FILES,
      'onnx/model.onnx_data': seededBytes(1000, 3),
      'onnx/model.onnx_data_1': seededBytes(10, 4),
    });
    const { folder, files } = (await createTestHub().pull(request({ model: 'org/large' }), {})) ?? {};
    expect(files.map(({ path }) => path).sort()).toEqual([
      'config.json',
      MODEL,
      'onnx/model.onnx_data',
      'onnx/model.onnx_data_1',
      'preprocessor_config.json',
    ]);
    expect(await readFile(join(folder, 'onnx', 'model.onnx_data_1'))).toEqual(seededBytes(10, 4));
  });

  test('says beforehand what it is and how much is to come, and then how far it is', async () => {
    const events: DownloadEvent[] = [];
    await createTestHub().pull(request(), { onEvent: (event) => events.push(event) });
    const totalBytes = FILES['config.json'].length + 2 + 700_000;
    expect(events[0]).toMatchObject({
      type: 'start',
      revision: commit,
      totalBytes,
      missingBytes: totalBytes,
      upstream: 'nvidia/mit-b0',
    });
    expect(events.at(-1)).toMatchObject({
      type: 'progress',
      receivedBytes: totalBytes,
      missingBytes: totalBytes,
      resumedBytes: 0,
    });
  });

  test('comes with several files at once', async () => {
    // The first file begins when the last one has been asked for.
    const before = () => waitUntil(async () => contentRequests().length > 0 || undefined).then(() => {});
    reactAt('config.json', undefined, { before });
    await createTestHub().resolve(request(), {});
    expect(contentRequests()).toHaveLength(1);
  });

  test('has the licence and the origin that its card names', async () => {
    fake.addRepository('org/other', FILES, { tags: ['license:apache-2.0', 'base_model:quantized:a/b', 'base_model:a/b'] });
    expect(await createTestHub().pull(request({ model: 'org/other' }), {})).toMatchObject({
      licence: 'apache-2.0',
      upstream: 'a/b',
    });
  });

  test('is fetched once however many ask, and goes on while one of them waits', async () => {
    const hub = createTestHub();
    const leaver = new AbortController();
    fake.react = () => {
      leaver.abort(new Error('changed my mind'));
      return undefined;
    };
    const left = hub.resolve(request(), { signal: leaver.signal });
    const stayed = [1, 2, 3].map(() => hub.resolve(request(), {}));
    await expect(left).rejects.toThrow('changed my mind');
    for (const { identity } of await Promise.all(stayed)) expect(identity.revision).toBe(commit);
    expect(contentRequests()).toHaveLength(1);
  });

  test('comes from a mirror that has the files but not the API', async () => {
    await using mirror = await startFakeHub({ api: false });
    const { commit } = mirror.addRepository('org/mirrored', FILES);
    const { identity } = await createTestHub({ endpoint: mirror.url }).resolve(request({ model: 'org/mirrored' }), {});
    expect(identity.revision).toBe(commit);
    expect((await failure(createTestHub({ endpoint: mirror.url }).resolve(request({ model: 'org/none' }), {}))).code).toBe(
      'REPOSITORY_NOT_FOUND',
    );
  });

  test('comes from a mirror that says no more than 404 of what it does not have', async () => {
    await using mirror = await startFakeHub({ api: false });
    mirror.addRepository('org/mirrored', FILES);
    mirror.react = ({ path }) => (path?.endsWith('.onnx_data') ? { status: 404 } : undefined);
    await createTestHub({ endpoint: mirror.url }).resolve(request({ model: 'org/mirrored' }), {});
    mirror.react = () => ({ status: 404 });
    const error = await failure(createTestHub({ endpoint: mirror.url }).resolve(request({ model: 'org/none' }), {}));
    expect(error.code).toBe('MODEL_NOT_AVAILABLE');
  });

  test('is copied where there are no symbolic links', async () => {
    const model = await createTestHub({ symlinks: false }).resolve(request(), {});
    expect(sha256(await readFile(model.files.model))).toBe(ETAG);
    expect((await listTree(cacheDir))[`models--Xenova--mit-b0/snapshots/${commit}/onnx/model.onnx`]).toBe('700000 bytes');
    fake.requests.length = 0;
    await createTestHub().resolve(request(), {});
    expect(fake.requests).toEqual([]);
  });
});

describe('a model that is on the disk', () => {
  beforeEach(async () => {
    await createTestHub().pull(request(), {});
    fake.requests.length = 0;
  });

  test('is used without a request, by branch and by commit', async () => {
    const hub = createTestHub();
    for (const revision of [undefined, 'main', commit]) await hub.resolve({ ...request(), revision }, {});
    expect(fake.requests).toEqual([]);
  });

  test('is used offline', async () => {
    const { files } = await createTestHub({ offline: true }).resolve(request(), {});
    expect(sha256(await readFile(files.model))).toBe(ETAG);
    expect(await createTestHub({ offline: true }).pull(request(), {})).toMatchObject({
      downloadedBytes: 0,
      model: { revision: commit },
    });
  });

  test('stays as it is when the branch moves, until it is pulled, and then only the change is fetched', async () => {
    const moved = commitFiles(repository, { ...FILES, 'config.json': Buffer.from('{"new": 1}') });
    const hub = createTestHub();
    expect((await hub.resolve(request(), {})).identity.revision).toBe(commit);
    expect(fake.requests).toEqual([]);
    const { model, downloadedBytes } = await hub.pull(request(), {});
    expect(model.revision).toBe(moved);
    expect(downloadedBytes).toBe('{"new": 1}'.length);
    expect((await hub.resolve(request(), {})).identity.revision).toBe(moved);
    expect((await hub.resolve({ ...request(), revision: commit }, {})).identity.revision).toBe(commit);
  });

  test('is completed at the commit that is there, though the branch moved', async () => {
    commitFiles(repository, { ...FILES, 'config.json': Buffer.from('{"new": 1}') });
    expect((await createTestHub().resolve(request({ dtype: 'q8' }), {})).identity.revision).toBe(commit);
  });

  test('whose commit is gone from the Hub is fetched anew', async () => {
    const moved = commitFiles(repository, { ...FILES, 'config.json': Buffer.from('{"new": 1}') });
    repository.commits.delete(commit);
    expect((await createTestHub().resolve(request({ dtype: 'q8' }), {})).identity.revision).toBe(moved);
  });

  test('and is removed, or was never whole, is fetched again by the same hub', async () => {
    const hub = createTestHub();
    await hub.resolve(request(), {});
    await createModelManager(hub).remove('Xenova/mit-b0');
    expect(sha256(await readFile((await hub.resolve(request(), {})).files.model))).toBe(ETAG);
    await rm(layoutOf().blob(ETAG));
    expect(sha256(await readFile((await hub.resolve(request(), {})).files.model))).toBe(ETAG);
  });

  test('and whose revision is removed after the branch moved is the new one', async () => {
    const hub = createTestHub();
    await hub.resolve(request(), {});
    const moved = commitFiles(repository, { ...FILES, 'config.json': Buffer.from('{"new": 1}') });
    await createModelManager(hub).remove('Xenova/mit-b0', { revision: commit });
    expect((await hub.resolve(request(), {})).identity.revision).toBe(moved);
  });

  test.runIf(process.platform === 'linux')('is not removed while Python holds its lock', async () => {
    const lock = join(layoutOf().locks, `${ETAG}.lock`);
    await mkdir(layoutOf().locks, { recursive: true });
    await writeFile(lock, '');
    const models = createModelManager(createTestHub());
    const holder = spawn('sh', ['-c', 'flock "$0" -c "echo held; read line"', lock], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      await once(holder.stdout, 'data');
      expect((await failure(models.remove('Xenova/mit-b0'))).code).toBe('CACHE_BUSY');
    } finally {
      holder.stdin.end();
      await once(holder, 'exit');
    }
    expect(await models.remove('Xenova/mit-b0')).toMatchObject({ revisions: [commit] });
  });

  test('by a whole commit is pulled without a request', async () => {
    await createTestHub().pull({ ...request(), revision: commit }, {});
    expect(fake.requests).toEqual([]);
  });

  test('with a blob of the wrong size is completed', async () => {
    await truncate(layoutOf().blob(ETAG), 10);
    await createTestHub().pull(request(), {});
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
  });
});

describe('a graph in the cache whose weights are in another file', () => {
  const graph = Buffer.from('a graph that names model.onnx_data');
  beforeEach(() => {
    fake.addRepository('org/large', { ...FILES, [MODEL]: graph, 'onnx/model.onnx_data': seededBytes(1000, 3) });
  });

  test('is completed, if another program fetched the graph alone', async () => {
    const { folder } = await createTestHub().pull(request({ model: 'org/large' }), {});
    await rm(join(folder, 'onnx', 'model.onnx_data'));
    const offline = await failure(createTestHub({ offline: true }).resolve(request({ model: 'org/large' }), {}));
    expect(offline.message).toContain('onnx/model.onnx_data of org/large');
    await createTestHub().resolve(request({ model: 'org/large' }), {});
    expect((await stat(join(folder, 'onnx', 'model.onnx_data'))).size).toBe(1000);
  });

  test('is taken as it is, if the repository turned out to have no such file', async () => {
    fake.addRepository('org/large', { ...FILES, [MODEL]: graph });
    const { folder } = await createTestHub().pull(request({ model: 'org/large' }), {});
    fake.requests.length = 0;
    expect((await createTestHub().resolve(request({ model: 'org/large' }), {})).files.model).toBe(join(folder, MODEL));
    expect(fake.requests).toEqual([]);
  });
});

describe('offline', () => {
  test('a missing file is named, with its repository, revision and what to do, and nothing is asked', async () => {
    const error = await failure(createTestHub({ offline: true }).resolve(request({ dtype: 'q8', revision: 'dev' }), {}));
    expect(error.code).toBe('HUB_OFFLINE');
    for (const part of [
      'onnx/model_quantized.onnx',
      'Xenova/mit-b0',
      'dev',
      'onnx-predict pull Xenova/mit-b0 --revision dev --dtype q8',
      'HF_ENDPOINT',
      '--model tiny',
    ]) {
      expect(error.message).toContain(part);
    }
    expect(fake.requests).toEqual([]);
  });

  test('a dtype that is missing names those that are there', async () => {
    await createTestHub().pull(request(), {});
    expect((await failure(createTestHub({ offline: true }).resolve(request({ dtype: 'q8' }), {}))).message).toContain(
      'fp32 (700.0 kB)',
    );
  });
});

describe('the Hub refuses', () => {
  test.each([
    ['a repository that does not exist', 'nobody/nothing', undefined, 'REPOSITORY_NOT_FOUND', 'HF_TOKEN'],
    ['a revision that does not exist', 'Xenova/mit-b0', 'nowhere', 'REVISION_NOT_FOUND', 'nowhere'],
    ['a gated repository', 'org/gated', undefined, 'REPOSITORY_GATED', 'Accept its terms'],
    ['a private repository', 'org/private', undefined, 'REPOSITORY_NOT_FOUND', 'private'],
    ['a repository without an ONNX model', 'org/other', undefined, 'MODEL_NOT_AVAILABLE', 'no ONNX model'],
    ['a repository without a preprocessor', 'org/text', undefined, 'MODEL_INVALID', 'preprocessor_config.json'],
  ])('%s by name, with what to do', async (_, model, revision, code, part) => {
    fake.addRepository('org/gated', FILES, { gated: true });
    fake.addRepository('org/private', FILES, { token: 'hf_right' });
    fake.addRepository('org/other', {
      'config.json': FILES['config.json'],
      'preprocessor_config.json': FILES['preprocessor_config.json'],
    });
    fake.addRepository('org/text', { 'config.json': FILES['config.json'], [MODEL]: FILES[MODEL] });
    const error = await failure(createTestHub().resolve({ ...request({ model }), revision }, {}));
    expect(error.code).toBe(code);
    expect(error.message).toContain(model);
    expect(error.message).toContain(part);
    expect(clock.delaysMs).toEqual([]);
  });

  test('a dtype that it does not have, and names those that it has with their sizes', async () => {
    const error = await failure(createTestHub().resolve(request({ dtype: 'bnb4' }), {}));
    expect(error.code).toBe('MODEL_NOT_AVAILABLE');
    expect(error.message).toMatch(/model_bnb4\.onnx.*fp32 \(700\.0 kB\), q8 \(200\.0 kB\)/);
  });

  test('a token that is not valid, which is another thing than a repository that does not exist', async () => {
    fake.react = () => ({ status: 401 });
    expect((await failure(createTestHub({ token: 'hf_expired' }).resolve(request(), {}))).code).toBe('HUB_UNAUTHORIZED');
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('REPOSITORY_NOT_FOUND');
  });

  test.each([401, 403])('a file with %i, which is final', async (status) => {
    reactAt('config.json', { status });
    expect((await failure(createTestHub({ token: 'hf_any' }).resolve(request(), {}))).code).toBe('HUB_UNAUTHORIZED');
    expect(clock.delaysMs).toEqual([]);
  });
});

describe('the token', () => {
  test('opens a private repository, and is shown to no other host', async () => {
    fake.addRepository('org/private', FILES, { token: 'hf_right' });
    await createTestHub({ token: 'hf_right' }).resolve(request({ model: 'org/private' }), {});
    const shown = new Set(fake.requests.filter(({ authorization }) => authorization !== undefined).map(({ host }) => host));
    expect([...shown]).toEqual(['hub']);
    expect(fake.requests.some(({ host }) => host === 'cdn')).toBe(true);
  });

  test('may be any text, and may be in a file', async () => {
    fake.addRepository('org/private', FILES, { token: 'secret-of-a-mirror' });
    await writeFile(join(cacheDir, 'token'), 'secret-of-a-mirror\n');
    const { identity } = await createTestHub({ tokenPath: join(cacheDir, 'token') }).resolve(
      request({ model: 'org/private' }),
      {},
    );
    expect(identity.id).toBe('org/private');
  });
});

describe('a token that cannot be sent', () => {
  const TOKENS = ['tok→', 'tok\u0007', 'tok\u007f', 'two words', 'caf\u00e9'];

  test.each(TOKENS)('as %j is refused by the name of where it is from, and not shown', async (token) => {
    const tokenPath = join(cacheDir, 'token');
    await writeFile(tokenPath, token);
    for (const [settings, name] of [
      [{ token }, 'HF_TOKEN'],
      [{ token: null, tokenPath }, tokenPath],
    ] as const) {
      const error = await failure(createTestHub(settings).resolve(request(), {}));
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toContain(name);
      expect(error.message).not.toContain(token);
    }
    expect(fake.requests).toEqual([]);
  });

  test('does not matter for what is on the disk, and may be corrected', async () => {
    await createTestHub().pull(request(), {});
    const tokenPath = join(cacheDir, 'token');
    await writeFile(tokenPath, 'tok→');
    const hub = createTestHub({ tokenPath });
    await hub.resolve(request(), {});
    expect((await failure(hub.pull(request(), {}))).code).toBe('INVALID_ARGUMENT');
    await writeFile(tokenPath, 'tok');
    await hub.pull(request(), {});
  });
});

describe('a server in trouble', () => {
  test.each([429, 500, 502, 503, 504])('that answers %i for a while is asked again', async (status) => {
    reactAt(MODEL, { status }, { status }, undefined);
    await createTestHub().resolve(request(), {});
    expect(clock.delaysMs).toEqual([250, 500]);
  });

  test('is waited for aloud, for the list of files as for a file', async () => {
    const asked = new Set<string>();
    fake.react = ({ url, path, host }) => {
      const about = url.includes('/revision/') || (path === MODEL && host === 'cdn');
      if (!about || asked.has(url)) return undefined;
      asked.add(url);
      return { status: 503 };
    };
    const waits: DownloadEvent[] = [];
    await createTestHub().pull(request(), { onEvent: (event) => event.type === 'waiting' && waits.push(event) });
    const error = { code: 'HUB_UNREACHABLE', message: expect.stringContaining('503') as string };
    expect(waits).toEqual([
      { type: 'waiting', reason: 'retry', delayMs: 250, file: null, error },
      { type: 'waiting', reason: 'retry', delayMs: 250, file: MODEL, error },
    ]);
  });

  test('is given the time that it asks for', async () => {
    fake.react = (seen) =>
      seen.url.includes('/revision/') && fake.requests.length === 1
        ? { status: 429, headers: { 'retry-after': '7' } }
        : undefined;
    await createTestHub().resolve(request(), {});
    expect(clock.delaysMs).toEqual([7000]);
  });

  test('for too long is an error that says so', async () => {
    fake.react = () => ({ status: 503 });
    const error = await failure(createTestHub().resolve(request(), {}));
    expect(error.code).toBe('HUB_UNREACHABLE');
    expect(error.message).toContain('503');
    expect(clock.delaysMs).toHaveLength(5);
  });

  test('that hangs up is asked again', async () => {
    reactAt(MODEL, { hangUp: true }, undefined);
    await createTestHub().resolve(request(), {});
    expect(contentRequests()).toHaveLength(2);
  });

  test.each(['/revision/', '/tree/'])('that breaks off its answer to %s is asked again', async (kind) => {
    let numAsked = 0;
    fake.react = ({ url }) => (url.includes(kind) && ++numAsked <= 2 ? { cutBody: true } : undefined);
    expect((await createTestHub().resolve(request(), {})).identity.revision).toBe(commit);
    expect(clock.delaysMs).toEqual([250, 500]);
  });

  test('that breaks off its list of files again and again is an error that says so', async () => {
    fake.react = ({ url }) => (url.includes('/tree/') ? { cutBody: true } : undefined);
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('HUB_UNREACHABLE');
    expect(clock.delaysMs).toHaveLength(5);
  });

  test('that says nothing is given up and asked again', async () => {
    const { onSent } = cutAt(300_000);
    reactAt(MODEL, { silent: true }, { stallAfterBytes: 300_000, ...(onSent === undefined ? {} : { onSent }) }, undefined);
    await createTestHub({ stallMs: 500 }).resolve(request(), {});
    expect(contentRequests().at(-1)?.range).toBe('bytes=300000-');
  });

  test('that is not there at all is an error at once, with what to check', async () => {
    const { url } = fake;
    await fake[Symbol.asyncDispose]();
    const error = await failure(createTestHub().resolve(request(), {}));
    expect(error.code).toBe('HUB_UNREACHABLE');
    for (const part of ['ECONNREFUSED', new URL(url).host, 'HF_ENDPOINT', 'HTTPS_PROXY', '--model tiny'])
      expect(error.message).toContain(part);
    expect(clock.delaysMs).toEqual([]);
  });

  test('that is no Hub is an error that says so', async () => {
    fake.react = () => ({ status: 200, body: '<html>Sign in to the hotel’s network</html>' });
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('HUB_INVALID_ANSWER');
  });

  test.each(['ftp://huggingface.co', 'https://user:pass@huggingface.co', 'nonsense', 'https://a/?b'])(
    'whose address is %s is refused',
    async (endpoint) => {
      expect((await failure(createTestHub({ endpoint }).resolve(request(), {}))).code).toBe('INVALID_ARGUMENT');
    },
  );
});

describe('a download that breaks off', () => {
  test('goes on where it was', async () => {
    reactAt(MODEL, cutAt(100_000), cutAt(400_001, 100_000), undefined);
    const { files } = await createTestHub().resolve(request(), {});
    expect(contentRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=400001-']);
    expect(sha256(await readFile(files.model))).toBe(ETAG);
  });

  test('goes on in another process, and tells what was there', async () => {
    const controller = new AbortController();
    reactAt(MODEL, { stallAfterBytes: 500_000 });
    const onEvent = (event: DownloadEvent) => {
      if (event.type === 'progress' && event.file === MODEL && event.fileBytes === 500_000) controller.abort(new Error('Ctrl-C'));
    };
    await expect(createTestHub().pull(request(), { signal: controller.signal, onEvent })).rejects.toThrow('Ctrl-C');
    const partial = layoutOf().partial(ETAG);
    expect((await stat(partial)).size).toBe(500_000);
    fake.react = undefined;
    const resumed: number[] = [];
    const result = await createTestHub().pull(request(), {
      onEvent: (event) => event.type === 'progress' && event.file === MODEL && resumed.push(event.resumedBytes),
    });
    // The two small files may have arrived whole, and not have got their names yet.
    expect(Math.max(...resumed)).toBeGreaterThanOrEqual(500_000);
    expect(Math.max(...resumed)).toBeLessThanOrEqual(500_018);
    expect(result.downloadedBytes).toBeLessThanOrEqual(200_018);
    expect(contentRequests().at(-1)).toMatchObject({ range: 'bytes=500000-', bytesSent: 200_000 });
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
    await expect(stat(partial)).rejects.toThrow('ENOENT');
  });

  test('begins anew with a server that cannot go on', async () => {
    reactAt(MODEL, cutAt(100_000), { ignoreRange: true });
    const { files } = await createTestHub().resolve(request(), {});
    expect(sha256(await readFile(files.model))).toBe(ETAG);
    expect(contentRequests()).toHaveLength(2);
  });

  test('shows no file under its final name, and no branch', async () => {
    reactAt(MODEL, ...Array.from({ length: 10 }, () => ({ cutAfterBytes: 0 })));
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('HUB_UNREACHABLE');
    const tree = Object.keys(await listTree(cacheDir));
    expect(tree.filter((path) => /snapshots\/|refs\/|blobs\/[0-9a-f]{64}$/.test(path))).toEqual([]);
  });
});

describe('a file in Xet storage', () => {
  let xetHub: FakeHub;
  beforeEach(async () => {
    xetHub = await startFakeHub({ xet: true });
    xetHub.addRepository('Xenova/mit-b0', FILES, { token: 'hf_secret' });
  });
  afterEach(() => xetHub[Symbol.asyncDispose]());

  const createXetHub = (changes: Partial<HubSettings> = {}) =>
    createTestHub({ endpoint: xetHub.url, token: 'hf_secret', xetFromBytes: 500_000, ...changes });
  const paths = () => xetHub.requests.filter(({ host }) => host === 'cdn').map(({ url }) => url.split('/')[1]);

  test('comes from there if it is large, and the storage never sees the token', async () => {
    const { files } = await createXetHub().resolve(request(), {});
    expect(sha256(await readFile(files.model))).toBe(ETAG);
    expect(paths()).toContain('xorb');
    expect(paths()).not.toContain('Xenova');
    const shown = xetHub.requests.filter(({ authorization }) => authorization === 'Bearer hf_secret').map(({ host }) => host);
    expect(new Set(shown)).toEqual(new Set(['hub']));
  });

  test('comes the plain way if it is small, or if Xet is not wanted', async () => {
    await createXetHub().resolve(request({ dtype: 'q8' }), {});
    await createXetHub({ xet: false }).resolve(request(), {});
    expect(new Set(paths())).toEqual(new Set(['Xenova']));
  });

  test('goes on from what is there', async () => {
    await mkdir(layoutOf().blobs, { recursive: true });
    await writeFile(layoutOf().partial(ETAG), FILES[MODEL].subarray(0, 100_001));
    const { files } = await createXetHub().resolve(request(), {});
    expect(sha256(await readFile(files.model))).toBe(ETAG);
    expect(xetHub.requests.find(({ url }) => url.startsWith('/v2/'))?.range).toBe('bytes=100001-699999');
    expect(paths()).not.toContain('Xenova');
  });

  test.each([
    ['refuses', '/xorb/', { status: 404 }],
    ['is not there', '/v2/', { hangUp: true }],
    ['gives other bytes', '/xorb/', { corrupt: true }],
    ['is broken', '/v2/', { status: 200, body: '{"terms": [], "xorbs": {}}' }],
    ['falls silent', '/xorb/', { stallAfterBytes: 200_000 }],
  ])('that %s comes the plain way', async (_, prefix, reaction) => {
    xetHub.react = ({ url }) => (url.startsWith(prefix) ? reaction : undefined);
    const { files } = await createXetHub({ stallMs: 500 }).resolve(request(), {});
    expect(sha256(await readFile(files.model))).toBe(ETAG);
    expect(paths()).toContain('Xenova');
  });

  test('is given up when nobody wants it any more', async () => {
    const controller = new AbortController();
    xetHub.react = ({ url }) => {
      if (!url.startsWith('/xorb/')) return undefined;
      return { stallAfterBytes: 200_000, onSent: () => controller.abort(new Error('changed my mind')) };
    };
    const hub = createXetHub();
    await expect(hub.resolve(request(), { signal: controller.signal })).rejects.toThrow('changed my mind');
    await hub.close(new Error('closed'));
  });
});

describe('what is left of an earlier download', () => {
  async function plant(content: Buffer): Promise<void> {
    await mkdir(layoutOf().blobs, { recursive: true });
    await writeFile(layoutOf().partial(ETAG), content);
  }

  test('is hashed again, and if it was damaged the file is fetched whole', async () => {
    const damaged = Buffer.from(FILES[MODEL].subarray(0, 300_000));
    damaged[5]! ^= 1;
    await plant(damaged);
    await createTestHub().resolve(request(), {});
    expect(contentRequests().map(({ range }) => range)).toEqual(['bytes=300000-', undefined]);
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
  });

  test('is used without a request for the file if it is all there', async () => {
    await plant(FILES[MODEL]);
    await createTestHub().resolve(request(), {});
    expect(contentRequests()).toEqual([]);
  });

  test('is forgotten if it is longer than the file', async () => {
    await plant(Buffer.concat([FILES[MODEL], Buffer.from('more')]));
    await createTestHub().resolve(request(), {});
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
  });

  test('is not followed if it is a link', async () => {
    const elsewhere = join(cacheDir, 'elsewhere');
    await writeFile(elsewhere, 'precious');
    await mkdir(layoutOf().blobs, { recursive: true });
    await symlink(elsewhere, layoutOf().partial(ETAG));
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('CACHE_UNWRITABLE');
    expect(await readFile(elsewhere, 'utf8')).toBe('precious');
  });
});

describe('a server that lies', () => {
  test.each([
    ['in the content', { corrupt: true }],
    ['in the length', { contentLength: 700_001 }],
    ['in where the answer begins', { corrupt: true, contentRange: 'bytes 5-9/10' }],
  ])('%s once is asked once more for the whole file', async (_, reaction) => {
    reactAt(MODEL, reaction, undefined);
    await createTestHub().resolve(request(), {});
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
    expect(contentRequests()).toHaveLength(2);
  });

  test.each([
    ['in the content', MODEL, { corrupt: true }],
    ['in the content of a small file', 'config.json', { corrupt: true }],
    ['in the length', MODEL, { contentLength: 12 }],
  ])('%s twice is not believed, and nothing of it is kept', async (_, path, reaction) => {
    fake.react = (seen) => (seen.path === path ? reaction : undefined);
    const error = await failure(createTestHub().resolve(request(), {}));
    expect(error.code).toBe('DOWNLOAD_CORRUPT');
    for (const part of [path, 'Xenova/mit-b0', commit]) expect(error.message).toContain(part);
    const etag = path === MODEL ? ETAG : gitBlobSha1(FILES['config.json']);
    expect(Object.keys(await listTree(cacheDir)).filter((name) => name.includes(etag))).toEqual([]);
  });

  test('in the range of a continuation is asked for the whole file', async () => {
    reactAt(MODEL, cutAt(100_000), { contentRange: 'bytes 0-9/700000' }, undefined);
    await createTestHub().resolve(request(), {});
    expect(contentRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', undefined]);
  });

  test('about the end is read to the declared size and no further', async () => {
    reactAt(MODEL, { endless: true });
    await createTestHub().resolve(request(), {});
    expect(sha256(await readFile(layoutOf().blob(ETAG)))).toBe(ETAG);
  });

  test.each([
    ['a commit that is a path', { sha: '../../../../etc' }],
    ['no commit', {}],
  ])('with %s is not believed', async (_, info) => {
    fake.react = (seen) => (seen.url.includes('/revision/') ? { status: 200, body: JSON.stringify(info) } : undefined);
    const mirrored = await createTestHub().resolve(request(), {});
    // What it says in headers, per file, is what counts then.
    expect(mirrored.identity.revision).toBe(commit);
  });

  test.each([
    ['a path for a hash', [{ type: 'file', path: MODEL, size: 5, oid: '../../../x' }]],
    ['a negative size', [{ type: 'file', path: MODEL, size: -5, oid: 'a'.repeat(40) }]],
  ])('with %s in its list is not believed', async (_, entries) => {
    fake.react = (seen) => {
      if (seen.url.includes('/tree/')) return { status: 200, body: JSON.stringify(entries) };
      return seen.method === 'HEAD'
        ? { status: 200, headers: { etag: '"../../x"', 'x-repo-commit': commit, 'content-length': '5' } }
        : undefined;
    };
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('HUB_INVALID_ANSWER');
    expect(await listTree(cacheDir)).toEqual({});
  });

  const page = (body: string, cursor: string | number): Reaction => {
    const link = `<${fake.url}/api/models/Xenova/mit-b0/tree/${commit}?cursor=${cursor}>; rel="next"`;
    return { status: 200, headers: { link, 'content-type': 'application/json' }, body };
  };
  const folders = JSON.stringify(Array.from({ length: 1000 }, (_, index) => ({ type: 'directory', path: `${index}`, size: 0 })));

  test.each([
    ['leads back to where it was', 'leads back', 2, () => page('[]', 'same')],
    ['has ever more pages with nothing on them', 'pages', 500, (numPages: number) => page('[]', numPages)],
    ['has ever more folders', 'files and folders', 101, (numPages: number) => page(folders, numPages)],
    ['has ever longer pages', 'bytes', 7, (numPages: number) => page(`[${' '.repeat(10_000_000)}]`, numPages)],
  ])('with a list of files that %s is not followed', async (_, part, mostPages, react) => {
    let numPages = 0;
    fake.react = ({ url }) => (url.includes('/tree/') ? react(++numPages) : undefined);
    const error = await failure(createTestHub().resolve(request(), {}));
    expect(error.code).toBe('HUB_INVALID_ANSWER');
    expect(error.message).toContain(part);
    expect(numPages).toBeLessThanOrEqual(mostPages);
  });

  test.each([
    ['/revision/', 'null'],
    ['/tree/', 'null'],
    ['/tree/', '[null]'],
    ['/tree/', '{}'],
  ])(
    'that answers %s with %s is asked for each file, and is no Hub if it does not say of them what they are',
    async (kind, body) => {
      fake.react = ({ url }) => (url.includes(kind) ? { status: 200, body } : undefined);
      expect((await createTestHub().resolve(request(), {})).identity.revision).toBe(commit);
      fake.react = () => ({ status: 200, body });
      expect((await failure(createTestHub().resolve(request({ dtype: 'q8' }), {}))).code).toBe('HUB_INVALID_ANSWER');
    },
  );

  test('with names that lead out of the cache folder has them left alone', async () => {
    const { commit } = fake.addRepository('org/evil', {
      ...FILES,
      '../../../../evil': Buffer.from('x'),
      'onnx/model.onnx_data/../../x': Buffer.from('x'),
    });
    expect((await createTestHub().resolve(request({ model: 'org/evil' }), {})).identity.revision).toBe(commit);
    expect(
      Object.keys(await listTree(cacheDir)).filter((path) => path.includes('evil') && !path.startsWith('models--org--evil')),
    ).toEqual([]);
  });
});

test('another download of the same file is waited for aloud, and once', async () => {
  const signal = new AbortController().signal;
  const held = await holdLock(layoutOf().lock(ETAG), { clock: systemClock, signal });
  const events: DownloadEvent[] = [];
  const pulled = createTestHub({ clock: systemClock }).pull(request(), { onEvent: (event) => events.push(event) });
  const waits = () => events.filter(({ type }) => type === 'waiting');
  await waitUntil(async () => waits().length > 0 || undefined);
  await held[Symbol.asyncDispose]();
  await pulled;
  expect(waits()).toEqual([{ type: 'waiting', reason: 'lock', delayMs: null, file: MODEL, error: null }]);
});

describe('a cache folder', () => {
  test('whose snapshot is a link elsewhere is not written through', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
    await mkdir(layoutOf().snapshots, { recursive: true });
    await symlink(elsewhere, layoutOf().snapshot(commit));
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('CACHE_INVALID');
    expect(await listTree(elsewhere)).toEqual({});
    await rm(elsewhere, { recursive: true });
  });

  test('with a file that is a link elsewhere is not read through', async () => {
    await createTestHub().resolve(request(), {});
    const path = layoutOf().snapshotFile(commit, 'config.json');
    await rm(path);
    await symlink('/etc/hostname', path);
    expect((await failure(createTestHub().resolve(request(), {}))).code).toBe('CACHE_INVALID');
  });

  test('that is a file is an error with what to do', async () => {
    await writeFile(join(cacheDir, 'file'), '');
    const error = await failure(createTestHub({ cacheDir: join(cacheDir, 'file') }).resolve(request(), {}));
    expect(error.code).toBe('CACHE_UNWRITABLE');
    expect(error.message).toContain('--cache-dir');
  });

  test('is left as it is by a model that cannot be had', async () => {
    await failure(createTestHub().resolve(request({ model: 'nobody/nothing' }), {}));
    await failure(createTestHub().resolve(request({ dtype: 'q4' }), {}));
    expect(await listTree(cacheDir)).toEqual({});
  });
});

describe('a hub that is closed', () => {
  const CLOSED = new OnnxPredictError('ENGINE_CLOSED', 'closed');

  test('ends a pull that has just begun, asks nothing and leaves nothing', async () => {
    const hub = createTestHub();
    const pulled = failure(hub.pull(request({ model: 'Xenova/mit-b0' }), {}));
    await hub.close(CLOSED);
    expect(await pulled).toBe(CLOSED);
    expect(fake.requests).toEqual([]);
    expect(await listTree(cacheDir)).toEqual({});
  });

  test('does nothing more', async () => {
    const hub = createTestHub();
    await hub.pull(request(), {});
    const before = await listTree(cacheDir);
    await hub.close(CLOSED);
    const models = createModelManager(hub);
    for (const refused of [
      hub.resolve(request(), {}),
      hub.pull(request(), {}),
      models.list(),
      models.show('Xenova/mit-b0'),
      models.verify(),
      models.remove('Xenova/mit-b0'),
      models.prune(),
    ]) {
      expect(await failure(refused)).toBe(CLOSED);
    }
    expect(await listTree(cacheDir)).toEqual(before);
  });

  test('ends what is asked and what is hashed', async () => {
    const hub = createTestHub();
    await hub.pull(request(), {});
    const models = createModelManager(hub);
    const asked = new Promise<void>((resolve) => {
      fake.react = () => {
        resolve();
        return { silent: true };
      };
    });
    const shown = failure(models.show('Xenova/mit-b0'));
    await asked;
    const verified = failure(models.verify());
    await hub.close(CLOSED);
    expect(await Promise.all([shown, verified])).toEqual([CLOSED, CLOSED]);
  });
});

test('a listener that throws ends its own download and nobody else’s', async () => {
  const hub = createTestHub();
  const onEvent = () => {
    throw new Error('my own fault');
  };
  const clumsy = hub.pull(request(), { onEvent });
  const stayed = hub.pull(request(), {});
  await expect(clumsy).rejects.toThrow('my own fault');
  expect((await stayed).model.revision).toBe(commit);
});
