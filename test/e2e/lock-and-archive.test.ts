import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeHub, startFakeHub } from '../hub-server/fake-hub.ts';
import { commitFiles, type FakeRepository, readFolder, sha256 } from '../hub-server/fake-repository.ts';
import { canRun, onnxPredict, run } from './command.ts';

const SHIP = 'examples/ship.jpg';
const MODEL = 'onnx/model.onnx';
const FILES = await readFolder('models/tiny-image-classifier');

let hub: FakeHub;
let repository: FakeRepository;
let commit: string;
let folder: string;
let lock: string;
beforeEach(async () => {
  hub = await startFakeHub();
  ({ repository, commit } = hub.addRepository('Xenova/mit-b0', FILES));
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  lock = join(folder, 'models.lock');
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** With a cache of its own by that name. */
function predict(cache: string, ...args: readonly string[]) {
  return onnxPredict(args, { env: { HF_HUB_OFFLINE: '', HF_ENDPOINT: hub.url, HF_HUB_CACHE: join(folder, cache) } });
}

const offline = (cache: string, ...args: readonly string[]) => predict(cache, ...args, '--offline');

describe('models.lock', () => {
  test('holds another machine to the commit and the bytes of the first, though the branch moved', async () => {
    expect((await predict('one', 'pull', 'mit-b0', '--lock', lock)).status).toBe(0);
    const content = JSON.parse(await readFile(lock, 'utf8')) as { models: [{ files: object[] }] };
    expect(content).toMatchObject({
      version: 1,
      models: [
        {
          name: 'mit-b0',
          repository: 'Xenova/mit-b0',
          ref: 'main',
          revision: commit,
          dtype: 'fp32',
          task: 'image-classification',
        },
      ],
    });
    expect(content.models[0].files).toContainEqual({
      path: MODEL,
      size_bytes: FILES[MODEL]!.length,
      sha256: sha256(FILES[MODEL]!),
    });

    commitFiles(repository, { ...FILES, 'config.json': Buffer.concat([FILES['config.json']!, Buffer.from('\n')]) });
    const frozen = await predict('two', 'pull', '--frozen', lock);
    expect(frozen).toMatchObject({ stderr: '', status: 0 });
    expect(frozen.stdout).toContain(commit);
    // Whoever follows the branch on that machine gets what is locked.
    expect(await offline('two', 'classify', SHIP, '--json')).toMatchObject({
      stdout: expect.stringContaining(commit) as string,
      status: 0,
    });
    const requests = hub.requests.length;
    expect((await predict('two', 'pull', 'mit-b0', '--frozen', lock)).status).toBe(0);
    expect(hub.requests).toHaveLength(requests);
  });

  test('refuses what differs by a bit, naming the file, and what it does not have', async () => {
    await predict('one', 'pull', 'mit-b0', '--lock', lock);
    const blobs = join(folder, 'one', 'models--Xenova--mit-b0', 'blobs');
    const path = join(blobs, sha256(FILES[MODEL]!));
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    const damaged = await predict('one', 'pull', '--frozen', lock);
    expect(damaged.stderr).toContain(`mit-b0 is not what ${lock} says: ${MODEL} has the sha256 `);
    expect(damaged).toMatchObject({ stdout: '', status: 4 });

    const refused = await predict('one', 'pull', 't5', '--frozen', lock);
    expect(refused.stderr).toContain('has no t5');
    expect(refused.status).toBe(2);
  });
});

describe('export and import', () => {
  test('carry a model to a machine without a connection, where Python would find it too', async () => {
    await predict('one', 'pull', 'mit-b0');
    const archive = join(folder, 'models.tar');
    const exported = await predict('one', 'export', 'mit-b0', '--to', archive);
    expect(exported).toMatchObject({ stdout: `Xenova/mit-b0\t${commit}\tfp32\t3\t4943574\n`, status: 0 });
    if (canRun('tar', ['--version']))
      expect((await run('tar', ['-tf', archive])).stdout).toMatch(/^manifest\.json\nblobs\/[0-9a-f]{64}\n/);

    const imported = await predict('two', 'import', archive);
    expect(imported).toMatchObject({ stdout: exported.stdout, stderr: '', status: 0 });
    expect((await offline('two', 'classify', SHIP, '--quiet')).stdout).toBe('ship\n');
    const root = join(folder, 'two', 'models--Xenova--mit-b0');
    expect(await readFile(join(root, 'refs', 'main'), 'utf8')).toBe(commit);
    expect((await readdir(root)).sort()).toEqual(['blobs', 'refs', 'snapshots']);

    const bytes = await readFile(archive);
    bytes[bytes.indexOf('blobs/') + 5000]! ^= 1;
    await writeFile(archive, bytes);
    const damaged = await predict('three', 'import', archive);
    expect(damaged.stderr).toMatch(/The archive cannot be used: blobs\/[0-9a-f]{64} is not what its name says/);
    expect(damaged.status).toBe(4);
    expect(await readdir(join(folder, 'three', 'models--Xenova--mit-b0', 'snapshots'))).toEqual([]);
  });
});
