import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEngine } from 'onnx-predict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canRun, run } from '../e2e/command.ts';
import { type FakeHub, startFakeHub } from '../hub-server/fake-hub.ts';
import { readFolder } from '../hub-server/fake-repository.ts';

const SHIP = 'examples/ship.jpg';
const FIXTURE = 'test/fixtures/huggingface-cache/tree.json';

interface RecordedTree {
  readonly commit: string;
  readonly tree: Readonly<Record<string, { readonly text?: string; readonly copyOf?: string; readonly linkTo?: string }>>;
}

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(cacheDir, { recursive: true }));

async function buildTree({ tree }: RecordedTree): Promise<void> {
  for (const [name, { text, copyOf, linkTo }] of Object.entries(tree)) {
    const path = join(cacheDir, name);
    await mkdir(dirname(path), { recursive: true });
    if (linkTo !== undefined) await symlink(linkTo, path);
    else if (copyOf !== undefined) await copyFile(copyOf, path);
    else await writeFile(path, text ?? '');
  }
}

describe('a cache that Python’s huggingface_hub wrote', () => {
  test('is used without a request, by branch, by commit and offline', async () => {
    const recorded = JSON.parse(await readFile(FIXTURE, 'utf8')) as RecordedTree;
    await buildTree(recorded);
    const asked: string[] = [];
    const fetch = async (input: string | URL | Request): Promise<Response> => {
      asked.push(String(input));
      throw new Error('no request was expected');
    };
    for (const offline of [false, true]) {
      await using engine = createEngine({ numThreads: 1, cacheDir, offline, fetch });
      for (const options of [{}, { revision: recorded.commit }]) {
        const { classLabel, model } = await engine.classify(SHIP, options);
        expect({ classLabel, revision: model.revision }).toEqual({ classLabel: 'ship', revision: recorded.commit });
      }
      expect(await engine.models.verify()).toMatchObject([{ ok: true }]);
    }
    expect(asked).toEqual([]);
  });
});

const hasHub = canRun('python3', ['-c', 'import huggingface_hub']);
describe.skipIf(!hasHub)('beside Python’s huggingface_hub (needs a python3 that has it)', () => {
  let hub: FakeHub;
  beforeEach(async () => {
    hub = await startFakeHub();
    hub.addRepository('Xenova/mit-b0', await readFolder('models/tiny-image-classifier'));
  });
  afterEach(() => hub[Symbol.asyncDispose]());

  async function python(source: string): Promise<unknown> {
    const env = { HF_ENDPOINT: hub.url, HF_HUB_CACHE: cacheDir, HF_HUB_OFFLINE: '0', HF_HUB_DISABLE_TELEMETRY: '1' };
    const { stdout, stderr, status } = await run('python3', ['-c', `import json, huggingface_hub as hub\n${source}`], { env });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  const SCAN = `info = hub.scan_cache_dir()
print(json.dumps({
  'warnings': [str(warning) for warning in info.warnings],
  'incomplete': len(getattr(info, 'incomplete_files', [])),
  'files': sorted(file.file_name for repo in info.repos for revision in repo.revisions for file in revision.files),
  'refs': [sorted(revision.refs) for repo in info.repos for revision in repo.revisions],
}))`;

  test('our cache is found whole, and used from Python without a request', async () => {
    {
      await using engine = createEngine({ cacheDir, endpoint: hub.url, offline: false });
      await engine.pull('mit-b0');
    }
    expect(await python(SCAN)).toEqual({
      warnings: [],
      incomplete: 0,
      files: ['config.json', 'model.onnx', 'preprocessor_config.json'],
      refs: [['main']],
    });
    hub.requests.length = 0;
    const load = `print(json.dumps([
      hub.hf_hub_download('Xenova/mit-b0', 'onnx/model.onnx', local_files_only=True),
      hub.try_to_load_from_cache('Xenova/mit-b0', 'onnx/model.onnx_data') is hub._CACHED_NO_EXIST,
    ]))`;
    expect(await python(load)).toEqual([expect.stringContaining('onnx/model.onnx') as string, true]);
    expect(hub.requests).toEqual([]);
  });

  test('our cache is whole in the middle of a download too', async () => {
    hub.react = ({ host }) => (host === 'cdn' ? { stallAfterBytes: 1_000_000 } : undefined);
    const engine = createEngine({ cacheDir, endpoint: hub.url, offline: false });
    const arrived = new Promise<void>((resolve) => {
      const onProgress = (event: { type: string; receivedBytes?: number }) => {
        if (event.type === 'progress' && (event.receivedBytes ?? 0) >= 1_000_000) resolve();
      };
      engine.pull('mit-b0', { onProgress }).catch(() => {});
    });
    await arrived;
    expect(await python(SCAN)).toEqual({ warnings: [], incomplete: 1, files: [], refs: [] });
    await engine.close();
  });

  test('its cache is used without a request', async () => {
    await python(`print(json.dumps([hub.hf_hub_download('Xenova/mit-b0', name)
      for name in ['config.json', 'preprocessor_config.json', 'onnx/model.onnx']]))`);
    hub.requests.length = 0;
    await using engine = createEngine({ numThreads: 1, cacheDir, endpoint: hub.url, offline: false });
    expect((await engine.classify(SHIP)).classLabel).toBe('ship');
    expect(hub.requests).toEqual([]);
  });
});
