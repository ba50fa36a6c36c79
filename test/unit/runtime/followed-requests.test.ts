import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import type { LocalModel, SummarizationRequest } from '../../../src/protocol.ts';
import { CrashLedger } from '../../../src/runtime/crash-ledger.ts';
import type { RequestOptions } from '../../../src/runtime/job.ts';
import { ModelHost } from '../../../src/runtime/model-host.ts';
import { createResumedText } from '../../../src/runtime/resumed-text.ts';
import type { RunnerEvents } from '../../../src/runtime/runner-connection.ts';
import type { Dtype } from '../../../src/schemas.ts';

const NO_FILES = { tokenizer: '', tokenizerConfig: null, specialTokensMap: null, config: '', generationConfig: null };
const REQUEST: SummarizationRequest = {
  task: 'summarization',
  text: 'a',
  prefix: undefined,
  truncate: 'end',
  generation: {},
  defaults: {},
  withText: true,
};

const ONE_AT_A_TIME = { dtype: 'q8' } as const;
const TOGETHER = { dtype: 'fp32' } as const;

/** A host whose runners do nothing by themselves. */
function createHost({ dtype }: { readonly dtype: Dtype } = ONE_AT_A_TIME) {
  const runners: RunnerEvents[] = [];
  const model: LocalModel = {
    task: 'summarization',
    identity: { id: 'fake', revision: null, dtype },
    files: { ...NO_FILES, encoder: '', decoder: '', decoderWithPast: null },
    prepared: null,
    quantize: false,
  };
  const host = new ModelHost({
    name: 'fake',
    model,
    numThreads: 1,
    device: 'cpu',
    watchdogMs: 1000,
    keepAliveMs: Infinity,
    logger: silentLogger,
    crashes: new CrashLedger(),
    onEvent() {},
    connect(events) {
      runners.push(events);
      return { send() {}, setBusy() {}, kill() {}, async close() {} };
    },
  });
  const loaded = () => runners.at(-1)!.onMessage({ type: 'loaded', warnings: [], numBeams: 1, memoryBytes: 1 });
  const step = (id: number, text?: string) => {
    const progress = text === undefined ? {} : { progress: { outputTokens: 2, maxLength: 9, text } };
    runners.at(-1)!.onMessage({ type: 'step', id, ...progress });
  };
  return { host, runners, loaded, step };
}

/** Where a request was, as it is told: `loading 1`. */
function follow(host: ModelHost, options: RequestOptions = {}): string[] {
  const told: string[] = [];
  const onQueueState: RequestOptions['onQueueState'] = ({ state, place }) => void told.push(`${state} ${place}`);
  host.run(REQUEST, { onQueueState, ...options }).catch(() => {});
  return told;
}

test('a request is told its place while the model loads and while others go first, and when it is begun', () => {
  const { host, runners, loaded, step } = createHost();
  const controller = new AbortController();
  const [first, second, third] = [follow(host), follow(host, { signal: controller.signal }), follow(host)];
  expect([first, second, third]).toEqual([['loading 1'], ['loading 2'], ['loading 3']]);
  loaded();
  expect([first, second, third]).toEqual([['loading 1'], ['loading 2', 'queued 1'], ['loading 3', 'queued 2']]);
  step(1);
  step(1);
  controller.abort(new Error('gone'));
  expect([first.at(-1), second.at(-1), third.at(-1)]).toEqual(['running null', 'queued 1', 'queued 1']);
  runners[0]!.onMessage({ type: 'failed', id: 1, error: { code: 'INTERNAL', message: '' } });
  expect(third.at(-1)).toBe('queued 1');
  step(3);
  expect([first.length, third]).toEqual([2, ['loading 3', 'queued 2', 'queued 1', 'running null']]);
});

test('a request that need not wait is told nothing', () => {
  const { host, loaded, runners, step } = createHost();
  follow(host);
  loaded();
  runners[0]!.onMessage({ type: 'failed', id: 1, error: { code: 'INTERNAL', message: '' } });
  const told = follow(host);
  step(2);
  step(2, 'a');
  expect(told).toEqual([]);
});

test('who leaves when told of its place makes room for those behind it', () => {
  const { host } = createHost();
  const controller = new AbortController();
  follow(host);
  const leaving = follow(host, { signal: controller.signal, onQueueState: () => controller.abort(new Error('too long')) });
  expect([leaving, follow(host)]).toEqual([[], ['loading 2']]);
});

test('a text that another runner begins anew goes on where it was', () => {
  const { host, loaded, step, runners } = createHost(TOGETHER);
  const parts: string[] = [];
  follow(host, { onProgress: ({ text }) => void parts.push(text) });
  follow(host);
  loaded();
  step(1, 'The ');
  step(1, 'fox');
  runners[0]!.onExit({ started: true, reason: 'signal SIGSEGV', signal: 'SIGSEGV' });
  // Either may be the cause, so each is tried once more, alone.
  loaded();
  step(1, 'T');
  step(1, 'he fox ran');
  expect(parts).toEqual(['The ', 'fox', '', ' ran']);
});

test('of a text that begins again only what is new is given', () => {
  const text = createResumedText();
  expect(['The ', 'fox'].map(text.add)).toEqual(['The ', 'fox']);
  text.restart();
  expect(['T', 'he fo', 'x ran', ' off'].map(text.add)).toEqual(['', '', ' ran', ' off']);
  text.restart();
  text.restart();
  expect(['The fox ran', ' off.'].map(text.add)).toEqual(['', '.']);
});
