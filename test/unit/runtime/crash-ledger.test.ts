import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClassificationRequest } from '../../../src/protocol.ts';
import { CrashLedger } from '../../../src/runtime/crash-ledger.ts';
import type { ModelIdentity } from '../../../src/schemas.ts';

const MODEL: ModelIdentity = { id: 'fake', revision: null, dtype: 'fp32' };
const request = (image: ClassificationRequest['image']): ClassificationRequest => ({
  task: 'image-classification',
  image,
  topK: 1,
  activation: 'softmax',
  minConfidence: null,
  maxPixels: 1,
  ignoreOrientation: false,
});
const BAD = request({ bytes: new Uint8Array([6, 6, 6]) });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

test('a content that crashed twice is refused, by its content alone and for its model alone', async () => {
  const ledger = new CrashLedger();
  await ledger.blame(MODEL, BAD);
  await ledger.check(MODEL, BAD);
  await ledger.blame(MODEL, BAD);
  await expect(ledger.check(MODEL, BAD)).rejects.toMatchObject({ code: 'INPUT_REFUSED' });
  await expect(ledger.check(MODEL, { ...BAD, topK: 3 })).rejects.toMatchObject({ code: 'INPUT_REFUSED' });
  await ledger.check({ ...MODEL, id: 'other' }, BAD);
  await ledger.check(MODEL, request({ bytes: new Uint8Array([1]) }));
  await ledger.check(MODEL, { task: 'tokenization', text: '\x06\x06\x06' });
});

test('the same picture counts in whatever file it comes', async () => {
  const ledger = new CrashLedger();
  for (const name of ['a', 'b']) {
    await writeFile(join(folder, name), 'picture');
    await ledger.blame(MODEL, request({ path: join(folder, name) }));
  }
  await writeFile(join(folder, 'c'), 'picture');
  await expect(ledger.check(MODEL, request({ path: join(folder, 'c') }))).rejects.toMatchObject({ code: 'INPUT_REFUSED' });
  await ledger.check(MODEL, request({ path: join(folder, 'gone') }));
  await ledger.check(MODEL, request({ path: folder }));
});

test('crashes are forgotten after ten minutes', async () => {
  const ledger = new CrashLedger();
  await ledger.blame(MODEL, BAD);
  vi.advanceTimersByTime(599_000);
  await ledger.blame(MODEL, BAD);
  await expect(ledger.check(MODEL, BAD)).rejects.toMatchObject({ code: 'INPUT_REFUSED' });
  vi.advanceTimersByTime(2000);
  await ledger.check(MODEL, BAD);
});
