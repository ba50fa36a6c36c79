import { copyFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { machineKey, readMachine } from '../../../src/prepared/machine.ts';
import { areUnchanged, readSources, sourceKey } from '../../../src/prepared/sources.ts';
import type { LocalClassifier } from '../../../src/protocol.ts';
import { classifierIn, GRAPH_BYTES, makeModelFolder } from '../../prepared-models.ts';

let folder: string;
let model: LocalClassifier;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  model = classifierIn(await makeModelFolder(join(folder, 'model')));
});
afterEach(() => rm(folder, { recursive: true }));

const keyOf = async (of: LocalClassifier = model) => sourceKey(of, await readSources(of));

describe('the key of a preparation', () => {
  test('is the same for the same files, whatever name the model was given', async () => {
    expect(await keyOf()).toMatch(/^[0-9a-f]{32}$/);
    expect(await keyOf(classifierIn(join(folder, 'model'), 'other'))).toBe(await keyOf());
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a graph that was written anew', () => utimes(model.files.model, new Date(0), new Date(0))],
    ['a graph of another size', () => writeFile(model.files.model, 'x')],
    ['another configuration', () => writeFile(model.files.config, '{"a": 1}')],
    ['weights beside the graph', () => writeFile(`${model.files.model}_data`, 'x')],
    [
      'weights in two files beside the graph',
      async () => {
        await writeFile(`${model.files.model}_data`, 'x');
        await writeFile(`${model.files.model}_data_1`, 'x');
      },
    ],
    [
      'a file put in the place of the graph',
      async () => {
        await copyFile(model.files.model, join(folder, 'other'));
        await rename(join(folder, 'other'), model.files.model);
      },
    ],
  ])('is another one for %s', async (what, change) => {
    const [before, sources] = [await keyOf(), await readSources(model)];
    await change();
    expect(await keyOf()).not.toBe(before);
    expect(await areUnchanged((await readSources(model)).files)).toBe(true);
    // What was not there before is nobody's source.
    expect(await areUnchanged(sources.files)).toBe(what.startsWith('weights'));
  });

  test('is another one for another dtype, and for q8 that is to be made of fp32', async () => {
    const q8 = { ...model, identity: { ...model.identity, dtype: 'q8' } } as const;
    const keys = [await keyOf(), await keyOf(q8), await keyOf({ ...q8, quantize: true })];
    expect(new Set(keys).size).toBe(3);
  });

  test('is of contents, where the files are those of a Hub cache: which folder, when and which link does not matter', async () => {
    const keys: string[] = [];
    for (const cache of ['one', 'two']) {
      const blobs = join(folder, cache, 'blobs');
      const snapshot = join(folder, cache, 'snapshot');
      await mkdir(blobs, { recursive: true });
      await makeModelFolder(snapshot);
      for (const [name, path] of Object.entries(classifierIn(snapshot).files)) {
        const blob = join(blobs, (name === 'model' ? 'a' : 'b').repeat(64));
        await rename(path, blob);
        await symlink(blob, path);
      }
      keys.push(await keyOf(classifierIn(snapshot)));
    }
    expect(keys[1]).toBe(keys[0]);
  });
});

test('the graphs and their weights are what is measured', async () => {
  await writeFile(`${model.files.model}_data`, 'xyz');
  expect((await readSources(model)).graphBytes).toBe(GRAPH_BYTES + 3);
});

test('a machine is ONNX Runtime’s version and the processor', async () => {
  const machine = readMachine();
  expect(machine.runtime).toMatch(/^\d+\.\d+\.\d+/);
  expect(machine.cpu).toMatch(/\(\w+, [0-9a-f]{8}\)$/);
  expect(machineKey(machine)).toBe(machineKey(readMachine()));
  expect(machineKey({ ...machine, runtime: '0.0.1' })).not.toBe(machineKey(machine));
  expect(machineKey({ ...machine, cpu: 'other' })).not.toBe(machineKey(machine));
});
