import { afterEach, describe, expect, test, vi } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { type Logger, silentLogger } from '../../../src/logger.ts';
import type {
  ClassificationAnswer,
  ClassificationRequest,
  LocalModel,
  RunnerAnswer,
  SummarizationAnswer,
  SummarizationRequest,
  ToRunner,
} from '../../../src/protocol.ts';
import { CrashLedger } from '../../../src/runtime/crash-ledger.ts';
import { ModelHost } from '../../../src/runtime/model-host.ts';
import type { RunnerConnection, RunnerEvents } from '../../../src/runtime/runner-connection.ts';
import type { HostEvent } from '../../../src/runtime/runner-slot.ts';

const MODEL: LocalModel = {
  task: 'image-classification',
  identity: { id: 'fake', revision: null, dtype: 'fp32' },
  files: { config: '', preprocessorConfig: '', model: '' },
  prepared: null,
  quantize: false,
};
const REQUEST: ClassificationRequest = {
  task: 'image-classification',
  image: { path: '/picture' },
  topK: 1,
  activation: 'softmax',
  minConfidence: null,
  maxPixels: 1,
  ignoreOrientation: false,
};
const REQUEST_OF_BYTES: ClassificationRequest = { ...REQUEST, image: { bytes: new Uint8Array([1]) } };
const SUMMARIZER: LocalModel = {
  task: 'summarization',
  identity: { id: 'fake', revision: null, dtype: 'fp32' },
  files: {
    tokenizer: '',
    tokenizerConfig: null,
    specialTokensMap: null,
    config: '',
    generationConfig: null,
    encoder: '',
    decoder: '',
    decoderWithPast: null,
  },
  prepared: null,
  quantize: false,
};
const SUMMARY: SummarizationAnswer = {
  task: 'summarization',
  inputTokens: 2,
  droppedTokens: 0,
  sequences: [{ summary: 'A', outputIds: [0, 1], score: null, stopReason: 'eos' }],
  timings: { tokenizeMs: 1, encodeMs: 1, decodeMs: 1, steps: 2 },
};
/** A text with so many beams; undefined: what the model has. */
function textRequest(numBeams?: number): SummarizationRequest {
  const generation = numBeams === undefined ? {} : { numBeams };
  return { task: 'summarization', text: 'a', prefix: undefined, truncate: 'end', generation, defaults: {}, withText: false };
}
const ANSWER: ClassificationAnswer = {
  task: 'image-classification',
  classLabel: 'fox',
  score: 1,
  top: [],
  timings: { preprocessMs: 1, inferenceMs: 1 },
};

/** A runner that does what the test says. */
class FakeRunner implements RunnerConnection {
  #gone: Promise<void> = Promise.resolve();
  readonly sent: ToRunner[] = [];
  readonly events: RunnerEvents;
  busy = false;
  killed = false;
  closed = false;
  /** How many of the next messages cannot be sent. */
  refuses: number;

  constructor(events: RunnerEvents, refuses: number) {
    this.events = events;
    this.refuses = refuses;
  }
  send(message: ToRunner): void {
    if (this.refuses > 0) {
      this.refuses -= 1;
      throw new TypeError('Cannot perform Construct on a detached ArrayBuffer');
    }
    this.sent.push(message);
  }
  setBusy(busy: boolean): void {
    this.busy = busy;
  }
  kill(): void {
    this.killed = true;
    this.exit('signal SIGKILL');
  }
  async close(): Promise<void> {
    this.closed = true;
    await this.#gone;
  }
  /** Its end takes until the returned function is called. */
  holdClose(): () => void {
    let end = () => {};
    this.#gone = new Promise((resolve) => {
      end = resolve;
    });
    return end;
  }
  exit(reason: string, started = true): void {
    const [, signal = null] = /^signal (\w+)/.exec(reason) ?? [];
    this.events.onExit({ started, reason, signal: signal as NodeJS.Signals | null });
  }
  /** The requests handed over so far. */
  get runIds(): number[] {
    return this.batches.flat();
  }
  /** What was handed over together. */
  get batches(): number[][] {
    return this.sent.flatMap((message) => (message.type === 'run' ? [message.requests.map(({ id }) => id)] : []));
  }
  loaded({ warnings = [], numBeams = 1 }: { warnings?: readonly string[]; numBeams?: number } = {}): void {
    this.events.onMessage({ type: 'loaded', warnings, numBeams, memoryBytes: 1000 });
  }
  begin(id: number): void {
    this.events.onMessage({ type: 'step', id });
  }
  progress(id: number, outputTokens: number): void {
    this.events.onMessage({ type: 'step', id, progress: { outputTokens, maxLength: 9, text: '' } });
  }
  answer(id: number, answer: RunnerAnswer = ANSWER): void {
    this.events.onMessage({ type: 'result', id, answer, memoryBytes: 2000 });
  }
}

interface HostSettings {
  readonly refuses?: number;
  readonly logger?: Logger;
  readonly model?: LocalModel;
  readonly keepAliveMs?: number;
  readonly makeRoom?: () => Promise<void>;
}

/** A host, the runners that it started, and what it told. */
function createHost({ refuses = 0, logger = silentLogger, model = MODEL, keepAliveMs = Infinity, makeRoom }: HostSettings = {}) {
  const runners: FakeRunner[] = [];
  const events: HostEvent[] = [];
  const crashes = new CrashLedger();
  const host = new ModelHost({
    name: 'fake',
    model,
    numThreads: 1,
    device: 'cpu',
    watchdogMs: 1000,
    keepAliveMs,
    logger,
    crashes,
    makeRoom,
    onEvent: (event) => events.push(event),
    connect: (events) => {
      const runner = new FakeRunner(events, refuses);
      runners.push(runner);
      return runner;
    },
  });
  return { host, runners, events, crashes };
}

/** The code of the error that `promise` rejects with, marked as handled at once. */
function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof OnnxPredictError ? error.code : String(error)),
  );
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a model host', () => {
  test('starts one runner for many pictures and keeps it supplied with a few, in order', async () => {
    const { host, runners, events } = createHost();
    const answers = Array.from({ length: 6 }, () => host.run(REQUEST));
    expect(runners).toHaveLength(1);
    expect(runners[0]!.batches).toEqual([]);
    runners[0]!.loaded();
    expect(runners[0]!.batches).toEqual([[1], [2], [3], [4]]);
    runners[0]!.answer(1);
    expect(runners[0]!.batches.slice(4)).toEqual([[5]]);
    for (const id of [2, 3, 4, 5, 6]) runners[0]!.answer(id);
    expect(await Promise.all(answers)).toHaveLength(6);
    expect(runners).toHaveLength(1);
    expect(events).toEqual([
      { type: 'loaded', loadMs: expect.any(Number), memoryBytes: 1000 },
      { type: 'batch', size: 4 },
      { type: 'batch', size: 1 },
      { type: 'batch', size: 1 },
    ]);
  });

  test('passes progress on to the request that it is about, until that is settled', async () => {
    const { host, runners } = createHost();
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ outputTokens }: { readonly outputTokens: number }) => seen.push(outputTokens);
    const aborted = codeOf(host.run(REQUEST, { signal: controller.signal, onProgress }));
    runners[0]!.loaded();
    runners[0]!.progress(1, 2);
    runners[0]!.progress(2, 9);
    controller.abort(new Error('gone'));
    runners[0]!.progress(1, 3);
    await aborted;
    expect(seen).toEqual([2]);
  });

  test('fails and stops a request whose listener throws, and no other', async () => {
    const { host, runners } = createHost();
    const onProgress = () => {
      throw new Error('my own fault');
    };
    const first = codeOf(host.run(REQUEST, { onProgress }));
    const second = host.run(REQUEST);
    runners[0]!.loaded();
    runners[0]!.progress(1, 2);
    expect(await first).toBe('Error: my own fault');
    expect(runners[0]!.sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
    runners[0]!.events.onMessage({ type: 'cancelled', id: 1 });
    runners[0]!.answer(2);
    expect((await second).answer.classLabel).toBe('fox');
  });

  test('fails a request that is answered with another task’s answer', async () => {
    const { host, runners } = createHost();
    const answer = codeOf(host.run({ task: 'tokenization', text: '' }));
    runners[0]!.loaded();
    runners[0]!.answer(1);
    expect(await answer).toBe('INTERNAL');
  });

  test('tells the operator what the model asks for and does not get', () => {
    const warnings: string[] = [];
    const { host, runners } = createHost({ logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
    void codeOf(host.run(REQUEST));
    runners[0]!.loaded({ warnings: ['it does not dance'] });
    expect(warnings).toEqual(['fake: it does not dance']);
  });

  test('tells the runner its first request while the model loads, but not after a load that failed', async () => {
    const { host, runners } = createHost();
    void codeOf(host.run(REQUEST));
    expect(runners[0]!.sent).toEqual([
      { type: 'load', model: MODEL, numThreads: 1, device: 'cpu', first: { id: 1, request: REQUEST } },
    ]);
    runners[0]!.exit('signal SIGSEGV');
    expect(runners[1]!.sent).toEqual([{ type: 'load', model: MODEL, numThreads: 1, device: 'cpu', first: null }]);
  });

  test('keeps the process alive only while it has work', async () => {
    const { host, runners } = createHost();
    const answer = host.run(REQUEST);
    expect(runners[0]!.busy).toBe(true);
    runners[0]!.loaded();
    runners[0]!.answer(1);
    await answer;
    expect(runners[0]!.busy).toBe(false);
  });

  test('after a crash tries what the runner carried once more, each alone, and fails what crashes alone', async () => {
    const { host, runners, events } = createHost();
    const first = codeOf(host.run(REQUEST));
    const second = host.run(REQUEST);
    runners[0]!.loaded();
    runners[0]!.begin(1);
    runners[0]!.begin(2);
    runners[0]!.exit('signal SIGSEGV');
    expect(runners).toHaveLength(2);
    const third = host.run(REQUEST);
    runners[1]!.loaded();
    expect(runners[1]!.batches).toEqual([[1]]);
    runners[1]!.begin(1);
    runners[1]!.exit('signal SIGSEGV');
    expect(await first).toBe('RUNNER_CRASHED');
    runners[2]!.loaded();
    expect(runners[2]!.batches).toEqual([[2]]);
    runners[2]!.answer(2);
    expect((await second).answer).toEqual(ANSWER);
    expect(runners[2]!.batches).toEqual([[2], [3]]);
    runners[2]!.answer(3);
    await third;
    expect(events.filter(({ type }) => type === 'crashed')).toEqual(Array(2).fill({ type: 'crashed', external: false }));
  });

  test('remembers what crashed alone, but not where the runner was ended from outside', async () => {
    const { host, runners, crashes } = createHost();
    for (const reason of ['signal SIGKILL', 'signal SIGSEGV', 'signal SIGTERM', 'exit status 134']) {
      const code = codeOf(host.run(REQUEST_OF_BYTES));
      runners.at(-1)!.loaded();
      runners.at(-1)!.begin(runners.at(-1)!.runIds.at(-1)!);
      await crashes.check(MODEL.identity, REQUEST_OF_BYTES);
      runners.at(-1)!.exit(reason);
      expect(await code).toBe('RUNNER_CRASHED');
    }
    expect(await codeOf(crashes.check(MODEL.identity, REQUEST_OF_BYTES))).toBe('INPUT_REFUSED');
  });

  test('gives a request that a dead runner never began to the next runner, once', async () => {
    const { host, runners } = createHost();
    const code = codeOf(host.run(REQUEST));
    runners[0]!.loaded();
    runners[0]!.exit('signal SIGKILL');
    expect(runners).toHaveLength(2);
    runners[1]!.loaded();
    expect(runners[1]!.runIds).toEqual([1]);
    runners[1]!.exit('signal SIGKILL');
    expect(await code).toBe('RUNNER_CRASHED');
    expect(runners).toHaveLength(2);
  });

  test('tries a load again after one crash and gives up after the second', async () => {
    const { host, runners } = createHost();
    const code = codeOf(host.run(REQUEST));
    runners[0]!.exit('signal SIGSEGV');
    expect(runners).toHaveLength(2);
    runners[1]!.exit('signal SIGSEGV');
    expect(await code).toBe('RUNNER_CRASHED');
    expect(host.unloadable).toBe(true);
    expect(await codeOf(host.run(REQUEST))).toBe('RUNNER_CRASHED');
    expect(runners).toHaveLength(2);
  });

  test('reports at once that no process can be started', async () => {
    const { host, runners } = createHost();
    const code = codeOf(host.run(REQUEST));
    runners[0]!.exit('spawn EAGAIN', false);
    expect(await code).toBe('RUNNER_START_FAILED');
    expect(runners).toHaveLength(1);
  });

  test('gives the load’s own error to all who wait, and from then on', async () => {
    const { host, runners } = createHost();
    const codes = [codeOf(host.run(REQUEST)), codeOf(host.run(REQUEST))];
    runners[0]!.events.onMessage({ type: 'load-failed', error: { code: 'MODEL_INVALID', message: 'broken' } });
    expect(await Promise.all(codes)).toEqual(['MODEL_INVALID', 'MODEL_INVALID']);
    expect(runners[0]!.closed).toBe(true);
    expect(host.unloadable).toBe(true);
    expect(await codeOf(host.run(REQUEST))).toBe('MODEL_INVALID');
    expect(runners).toHaveLength(1);
  });

  test('fails a request that cannot be sent, and goes on with the next', async () => {
    const { host, runners } = createHost();
    const codes = [codeOf(host.run(REQUEST)), codeOf(host.run(REQUEST))];
    runners[0]!.refuses = 1;
    runners[0]!.loaded();
    expect(await codes[0]).toBe('INVALID_ARGUMENT');
    expect(runners[0]!.runIds).toEqual([2]);
    runners[0]!.answer(2);
    expect(await codes[1]).toBe('no error');
  });

  test('loads though the request that it would have told ahead cannot be sent', async () => {
    const { host, runners } = createHost({ refuses: 1 });
    void codeOf(host.run(REQUEST));
    expect(runners[0]!.sent).toEqual([{ type: 'load', model: MODEL, numThreads: 1, device: 'cpu', first: null }]);
  });

  test('does not blame the runner when this process was itself stopped', () => {
    vi.useFakeTimers();
    const { host, runners } = createHost();
    void codeOf(host.run(REQUEST));
    runners[0]!.loaded();
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    vi.advanceTimersByTime(1000);
    expect(runners[0]!.killed).toBe(false);
    now.mockRestore();
    vi.advanceTimersByTime(1000);
    expect(runners[0]!.killed).toBe(true);
  });

  test('rejects an aborted request at once, asks the runner to stop, and keeps the order of the rest', async () => {
    const { host, runners } = createHost();
    const controller = new AbortController();
    const first = codeOf(host.run(REQUEST, { signal: controller.signal }));
    const second = host.run(REQUEST);
    runners[0]!.loaded();
    controller.abort(new Error('gone'));
    expect(await first).toBe('Error: gone');
    expect(runners[0]!.sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
    runners[0]!.events.onMessage({ type: 'cancelled', id: 1 });
    expect(runners[0]!.runIds).toEqual([1, 2]);
    runners[0]!.answer(2);
    await second;
  });

  test('hands texts over together once the runner is free, within its rows', async () => {
    const { host, runners } = createHost({ model: SUMMARIZER });
    const answers = [textRequest(), textRequest(1), textRequest(), textRequest(8)].map((request) => host.run(request));
    runners[0]!.loaded({ numBeams: 4 });
    expect(runners[0]!.batches).toEqual([[1, 2]]);
    runners[0]!.answer(1, SUMMARY);
    expect(runners[0]!.batches).toHaveLength(1);
    runners[0]!.answer(2, SUMMARY);
    expect(runners[0]!.batches.slice(1)).toEqual([[3]]);
    runners[0]!.answer(3, SUMMARY);
    // More rows than a batch has are a batch of their own.
    expect(runners[0]!.batches.slice(2)).toEqual([[4]]);
    runners[0]!.answer(4, SUMMARY);
    expect(await Promise.all(answers)).toHaveLength(4);
  });

  test('hands requests that come together to an idle runner together', async () => {
    const { host, runners } = createHost({ model: SUMMARIZER });
    const first = host.run(textRequest());
    runners[0]!.loaded();
    runners[0]!.answer(1, SUMMARY);
    await first;
    const all = host.runAll([textRequest(), textRequest(), textRequest()]);
    expect(runners[0]!.batches).toEqual([[1], [2, 3, 4]]);
    for (const id of [4, 3, 2]) runners[0]!.answer(id, SUMMARY);
    expect(await Promise.all(all)).toHaveLength(3);
    await host.close();
    for (const answer of host.runAll([textRequest(), textRequest()])) expect(await codeOf(answer)).toBe('ENGINE_CLOSED');
  });

  test('gives up a request that was not begun in time, and lets one go on that was', async () => {
    vi.useFakeTimers();
    const { host, runners } = createHost({ model: SUMMARIZER });
    const begun = host.run(textRequest(), { maxWaitMs: 500 });
    runners[0]!.loaded();
    const waiting = codeOf(host.run(textRequest(), { maxWaitMs: 500 }));
    vi.advanceTimersByTime(600);
    expect(await waiting).toBe('QUEUE_TIMEOUT');
    runners[0]!.answer(1, SUMMARY);
    await begun;
    expect(runners[0]!.batches).toEqual([[1]]);
  });

  test('tells what a request waited for others: neither the load nor its own work', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const { host, runners } = createHost({ model: SUMMARIZER });
    const first = host.run(textRequest());
    vi.advanceTimersByTime(300);
    runners[0]!.loaded();
    const second = host.run(textRequest());
    vi.advanceTimersByTime(10);
    runners[0]!.answer(1, SUMMARY);
    vi.advanceTimersByTime(3);
    runners[0]!.answer(2, SUMMARY);
    expect(await first).toMatchObject({ loadMs: 300, queueMs: 7 });
    expect(await second).toMatchObject({ loadMs: 0, queueMs: 10 });
  });

  test('never sends a request that was aborted while it waited', async () => {
    const { host, runners } = createHost();
    const controller = new AbortController();
    const aborted = codeOf(host.run(REQUEST, { signal: controller.signal }));
    const kept = host.run(REQUEST);
    controller.abort(new Error('gone'));
    expect(await aborted).toBe('Error: gone');
    runners[0]!.loaded();
    expect(runners[0]!.runIds).toEqual([2]);
    runners[0]!.answer(2);
    await kept;
  });

  test('kills a runner that gives no sign of life for the watchdog time, counted from its last step', async () => {
    vi.useFakeTimers();
    const { host, runners } = createHost();
    const code = codeOf(host.run(REQUEST));
    runners[0]!.loaded();
    vi.advanceTimersByTime(900);
    runners[0]!.begin(1);
    vi.advanceTimersByTime(900);
    expect(runners[0]!.killed).toBe(false);
    vi.advanceTimersByTime(200);
    expect(runners[0]!.killed).toBe(true);
    expect(await code).toBe('RUNNER_UNRESPONSIVE');
  });

  test('leaves an idle runner alone', async () => {
    vi.useFakeTimers();
    const { host, runners } = createHost();
    const answer = host.run(REQUEST);
    runners[0]!.loaded();
    runners[0]!.answer(1);
    await answer;
    vi.advanceTimersByTime(1_000_000);
    expect(runners[0]!.killed).toBe(false);
  });

  test('tells each request how long it waited for the load, and later ones nothing', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const { host, runners } = createHost();
    const first = host.run(REQUEST);
    vi.advanceTimersByTime(300);
    runners[0]!.loaded();
    const second = host.run(REQUEST);
    runners[0]!.answer(1);
    runners[0]!.answer(2);
    expect((await first).loadMs).toBe(300);
    expect((await second).loadMs).toBe(0);
  });

  test('on close refuses what waits, what runs and what comes', async () => {
    const { host, runners } = createHost();
    const codes = [codeOf(host.run(REQUEST)), codeOf(host.run(REQUEST))];
    runners[0]!.loaded();
    await host.close();
    expect(await Promise.all([...codes, codeOf(host.run(REQUEST))])).toEqual(['ENGINE_CLOSED', 'ENGINE_CLOSED', 'ENGINE_CLOSED']);
    expect(runners[0]!.closed).toBe(true);
  });

  test('unloads a model that nobody asked for long enough, and loads it again for the next request', async () => {
    vi.useFakeTimers();
    const { host, runners, events } = createHost({ keepAliveMs: 1000 });
    const first = host.run(REQUEST);
    runners[0]!.loaded();
    vi.advanceTimersByTime(500);
    runners[0]!.answer(1);
    await first;
    expect(host.memoryBytes).toBe(2000);
    vi.advanceTimersByTime(999);
    expect(runners[0]!.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(runners[0]!.closed).toBe(true);
    expect(host.state).toBe('unloaded');
    expect(host.memoryBytes).toBe(null);
    expect(events.at(-1)).toEqual({ type: 'unloaded', reason: 'idle' });
    const second = host.run(REQUEST);
    expect(runners).toHaveLength(2);
    runners[1]!.loaded();
    runners[1]!.answer(2);
    await second;
  });

  test('unloads only when what runs is done, and starts no second runner before the first is gone', async () => {
    const { host, runners } = createHost();
    const running = host.run(REQUEST);
    runners[0]!.loaded();
    const unloaded = host.unload('asked');
    const waiting = host.run(REQUEST);
    expect(runners[0]!.runIds).toEqual([1]);
    expect(runners[0]!.closed).toBe(false);
    const gone = runners[0]!.holdClose();
    runners[0]!.answer(1);
    await running;
    expect(runners[0]!.closed).toBe(true);
    expect(runners).toHaveLength(1);
    gone();
    await unloaded;
    expect(runners).toHaveLength(2);
    runners[1]!.loaded();
    runners[1]!.answer(2);
    await waiting;
  });

  test('lets a model that was loaded for a request answer it before it makes room', async () => {
    const { host, runners } = createHost();
    const answer = host.run(REQUEST);
    const unloaded = host.unload('memory');
    runners[0]!.loaded();
    expect(runners[0]!.runIds).toEqual([1]);
    runners[0]!.answer(1);
    await answer;
    await unloaded;
    expect(host.hasRunner).toBe(false);
  });

  test('waits for room in memory, and fails what waits where there will be none', async () => {
    let refuse: (error: Error) => void = () => {};
    const makeRoom = () =>
      new Promise<void>((_, reject) => {
        refuse = reject;
      });
    const { host, runners } = createHost({ makeRoom });
    const code = codeOf(host.run(REQUEST));
    expect(host.state).toBe('loading');
    refuse(new OnnxPredictError('MEMORY_EXCEEDED', 'too large'));
    expect(await code).toBe('MEMORY_EXCEEDED');
    expect(runners).toEqual([]);
    expect(host.state).toBe('unloaded');
  });
});
