import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEngine, type Engine, OnnxPredictError } from 'onnx-predict';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { largePicture } from './pictures.ts';
import { childrenOf, cpuTicks, isAlive, isStopped, waitUntil } from './processes.ts';

const SHIP = 'examples/ship.jpg';

let engine: Engine;
let folder: string;
beforeEach(async () => {
  engine = createEngine({ numThreads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  );
  return error instanceof OnnxPredictError ? error.code : String(error);
}

function runners(): Promise<number[]> {
  return childrenOf(process.pid, 'runner/main.js');
}

describe('describe', () => {
  test('tells what an alias of this engine stands for, and loads nothing', async () => {
    const named = createEngine({ aliases: { mine: 'models/tiny-summarizer', tiny: 'models/tiny-image-classifier' } });
    onTestFinished(() => named.close());
    expect(await named.describe('mine')).toMatchObject([{ task: 'summarization', maxInputTokens: 512, repository: null }]);
    expect(await named.describe('tiny')).toMatchObject([{ task: 'image-classification', licence: null }]);
    expect(await codeOf(named.describe('nosuch'))).toBe('MODEL_UNKNOWN');
    expect(named.status()).toEqual([]);
    expect(named.limits.queue).toEqual({ maxCost: null, maxBytes: null, maxWaitMs: null });
  });
});

describe('classify', () => {
  test('answers the same for a path, a file URL and bytes', async () => {
    const answers = await Promise.all(
      [SHIP, pathToFileURL(SHIP), await readFile(SHIP)].map((image) => engine.classify(image, { model: 'tiny' })),
    );
    for (const answer of answers) {
      expect(answer.classLabel).toBe('ship');
      expect(answer.top).toEqual(answers[0]!.top);
    }
    expect(answers[0]!.top).toHaveLength(5);
    expect(answers[0]!.score).toBe(answers[0]!.top[0]!.score);
    expect(answers[0]!.model).toEqual({ id: 'tiny', revision: null, dtype: 'fp32' });
  });

  test('loads a model once however many ask, and says who waited for it', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => engine.classify(SHIP, { model: 'tiny' })));
    expect(await runners()).toHaveLength(1);
    expect(answers[0]!.timings.loadMs).toBeGreaterThan(0);
    expect((await engine.classify(SHIP, { model: 'tiny' })).timings.loadMs).toBe(0);
  });

  test('runs each model, and each dtype of a model, in a process of its own', async () => {
    await Promise.all([engine.classify(SHIP, { model: 'tiny' }), engine.classify(SHIP, { model: 'tiny', dtype: 'q8' })]);
    expect(await runners()).toHaveLength(2);
  });

  test('answers several pictures in their order, and one that cannot be answered fails alone', async () => {
    const large = Buffer.concat([await readFile(SHIP), Buffer.alloc(2 * 1024 * 1024)]);
    const before = await temporaryFolders();
    const outcomes = await engine.classifyAll([SHIP, '', Buffer.from('x'), large, 'examples/truck.jpg'], { model: 'tiny' });
    const told = outcomes.map((outcome) =>
      'result' in outcome ? outcome.result.classLabel : (outcome.error as OnnxPredictError).code,
    );
    expect(told).toEqual(['ship', 'INVALID_ARGUMENT', expect.stringMatching(/^IMAGE_/), 'ship', 'truck']);
    expect(await temporaryFolders()).toEqual(before);
    expect(await engine.classifyAll([], { model: 'tiny' })).toEqual([]);
    expect(await codeOf(engine.classifyAll([SHIP], { topK: 0 }))).toBe('INVALID_ARGUMENT');
  });

  test('gives several pictures up together', async () => {
    const controller = new AbortController();
    const asked = engine.classifyAll([SHIP, SHIP], { model: 'tiny', signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  test('passes a large picture on without leaving its temporary file behind', async () => {
    // A JPEG may be followed by anything.
    const bytes = Buffer.concat([await readFile(SHIP), Buffer.alloc(2 * 1024 * 1024)]);
    const before = await temporaryFolders();
    expect((await engine.classify(bytes, { model: 'tiny' })).classLabel).toBe('ship');
    expect(await codeOf(engine.classify(Buffer.alloc(2 * 1024 * 1024), { model: 'tiny' }))).toMatch(/^IMAGE_/);
    expect(await temporaryFolders()).toEqual(before);
  });

  test('abstains below the confidence asked for, and shows the candidates all the same', async () => {
    const answer = await engine.classify(SHIP, { model: 'tiny', minConfidence: 1, topK: 2 });
    expect(answer.classLabel).toBeNull();
    expect(answer.top.map(({ label }) => label)[0]).toBe('ship');
    expect(answer.top).toHaveLength(2);
  });

  test.each([
    ['an unknown option', { model: 'tiny', topk: 3 }, 'topk: is not an option'],
    ['a count of none', { topK: 0 }, 'topK: must be at least 1 (got 0)'],
    ['a fraction of a label', { topK: 1.5 }, 'topK: must be a whole number (got 1.5)'],
    ['an unknown dtype', { dtype: 'fp64' }, 'dtype: '],
    ['a confidence above 1', { minConfidence: 2 }, 'minConfidence: must be between 0 and 1'],
    ['a confidence that is no number', { minConfidence: Number.NaN }, 'minConfidence: '],
    ['an empty model name', { model: '' }, 'model: must not be empty'],
  ])('refuses %s by name before anything runs', async (_, options, message) => {
    // @ts-expect-error: what a JavaScript caller might pass
    const error = await engine.classify(SHIP, options).catch((error: unknown) => error as OnnxPredictError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((error as OnnxPredictError).message).toContain(message);
    expect(await runners()).toEqual([]);
  });

  test('fails alone for a bad picture', async () => {
    const text = join(folder, 'notes.jpg');
    await writeFile(text, 'not a picture');
    const codes = await Promise.all(
      [text, join(folder, 'missing.jpg'), folder, SHIP].map((path) => codeOf(engine.classify(path, { model: 'tiny' }))),
    );
    expect(codes).toEqual(['IMAGE_UNSUPPORTED', 'INPUT_NOT_FOUND', 'INPUT_UNREADABLE', 'no error']);
    expect(await runners()).toHaveLength(1);
  });

  test('refuses a picture above the pixel limit', async () => {
    expect(await codeOf(engine.classify(SHIP, { model: 'tiny', maxPixels: 100 }))).toBe('IMAGE_TOO_LARGE');
  });
});

describe('a model folder', () => {
  async function codeWith(file: string, change: (content: Buffer) => string | Buffer): Promise<string> {
    await cp('models/tiny-image-classifier', folder, { recursive: true });
    const path = join(folder, file);
    await writeFile(path, change(await readFile(path)));
    const error = await engine.classify(SHIP, { model: folder }).catch((error: unknown) => error as OnnxPredictError);
    if (!(error instanceof OnnxPredictError)) return 'no error';
    return `${error.code} ${error.message.replaceAll(folder, '')}`;
  }

  test('in Hub layout works as it is', async () => {
    expect(await codeWith('config.json', (content) => content)).toBe('no error');
  });

  test.each([
    ['config.json', 'no JSON', () => '{', 'not valid JSON'],
    ['config.json', 'too few labels', () => '{"id2label": {"0": "cat"}}', '10'],
    ['config.json', 'more bytes than any config', () => Buffer.alloc(17 * 1024 * 1024, 32), 'at most'],
    ['preprocessor_config.json', 'another input size than its model', () => '{"size": {"height": 1e9, "width": 5}}', 'size'],
    ['onnx/model.onnx', 'an empty model', () => '', 'model.onnx'],
    ['onnx/model.onnx', 'a cut-off model', (content: Buffer) => content.subarray(0, 100_000), 'model.onnx'],
    ['onnx/model.onnx', 'a model that is something else', () => 'hello', 'model.onnx'],
  ])('whose %s holds %s is refused by name, and the engine lives on', async (file, _, change, problem) => {
    const code = await codeWith(file, change);
    expect(code).toMatch(/^MODEL_INVALID /);
    expect(code).toContain(problem);
    expect((await engine.classify(SHIP, { model: 'tiny' })).classLabel).toBe('ship');
  });
});

describe('a runner', () => {
  test('that is killed again and again while it loads leaves a working engine and no process behind', async () => {
    for (let kill = 0; kill < 5; kill++) {
      const answers = Array.from({ length: 3 }, () => engine.classify(SHIP, { model: 'tiny' }));
      const [pid] = await waitUntil(async () => ((await runners()).length === 1 ? runners() : undefined));
      process.kill(pid!, 'SIGKILL');
      // One runner that dies while it loads is replaced, and nobody notices.
      for (const { classLabel } of await Promise.all(answers)) expect(classLabel).toBe('ship');
      await engine.close();
      expect(await runners()).toEqual([]);
      engine = createEngine({ numThreads: 1 });
    }
  });

  test('is gone when the engine is closed, and what waited is told so', async () => {
    await engine.classify(SHIP, { model: 'tiny' });
    const [pid] = await runners();
    const waiting = [engine.classify(SHIP, { model: 'tiny' }), engine.classify(SHIP, { model: 'tiny' })].map(codeOf);
    await engine.close();
    expect(isAlive(pid!)).toBe(false);
    expect(await Promise.all(waiting)).toEqual(['ENGINE_CLOSED', 'ENGINE_CLOSED']);
    expect(await codeOf(engine.classify(SHIP, { model: 'tiny' }))).toBe('ENGINE_CLOSED');
  });

  test('does not get a request that was aborted, and answers the next', async () => {
    const aborted = codeOf(engine.classify(SHIP, { model: 'tiny', signal: AbortSignal.abort(new Error('too late')) }));
    expect(await aborted).toBe('Error: too late');
    const controller = new AbortController();
    const running = codeOf(engine.classify(SHIP, { model: 'tiny', signal: controller.signal }));
    controller.abort(new Error('changed my mind'));
    expect(await running).toBe('Error: changed my mind');
    expect((await engine.classify(SHIP, { model: 'tiny' })).classLabel).toBe('ship');
  });

  test('that stops before it begins with a request is ended by the watchdog, and the next one answers it', async () => {
    await using impatient = createEngine({ numThreads: 1, watchdogMs: 500 });
    await impatient.classify(SHIP, { model: 'tiny' });
    const [pid] = await runners();
    await stop(pid!);
    expect((await impatient.classify(SHIP, { model: 'tiny' })).classLabel).toBe('ship');
    expect(await runners()).not.toContain(pid);
  });

  test('that stops in the middle of a request is ended by the watchdog, which fails that request alone', async () => {
    await using impatient = createEngine({ numThreads: 1, watchdogMs: 1500 });
    await impatient.classify(SHIP, { model: 'tiny' });
    const [pid] = await runners();
    const before = await cpuTicks(pid!);
    const outcome = codeOf(impatient.classify(largePicture(10_000, 8000), { model: 'tiny' }));
    const next = impatient.classify(SHIP, { model: 'tiny' });
    await waitUntil(async () => (await cpuTicks(pid!)) > before + 10 || undefined);
    await stop(pid!);
    expect(await outcome).toBe('RUNNER_UNRESPONSIVE');
    expect((await next).classLabel).toBe('ship');
  });
});

describe('a program that uses the engine', () => {
  /** Runs a program, and gives what it printed, its exit status, and the runner that it had. */
  async function run(source: string): Promise<{ stdout: string; stderr: string; status: number | null }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data;
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data;
    });
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { stdout, stderr, status };
  }

  test('ends by itself though it forgot to close the engine, and the library wrote nothing', async () => {
    const { stdout, stderr, status } = await run(
      `import { createEngine } from 'onnx-predict';
       const { classLabel } = await createEngine().classify(${JSON.stringify(SHIP)}, { model: 'tiny' });
       process.exitCode = classLabel === 'ship' && process.listenerCount('SIGINT') === 0 ? 0 : 9;`,
    );
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  test('leaves no runner behind when it is killed', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { createEngine } from 'onnx-predict';
         const engine = createEngine();
         await engine.classify(${JSON.stringify(SHIP)}, { model: 'tiny' });
         console.log('ready');
         for (;;) await engine.classify(${JSON.stringify(SHIP)}, { model: 'tiny' });`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const pids = await childrenOf(child.pid!, 'runner/main.js');
    expect(pids).toHaveLength(1);
    child.kill('SIGKILL');
    await waitUntil(async () => (pids.some(isAlive) ? undefined : true));
  });
});

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await waitUntil(async () => (await isStopped(pid)) || undefined);
}

async function temporaryFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => /^onnx-predict-(?!test)/.test(name));
}
