import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkConfigNames, readConfigFile } from '../../../src/cli/config-file.ts';

const COMMANDS = new Map([
  ['summarize', new Set(['model', 'beams'])],
  ['serve', new Set(['port', 'preload'])],
]);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

async function check(content: unknown, commands: readonly string[] = ['summarize']): Promise<void> {
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  checkConfigNames(await readConfigFile({ path, named: false }), COMMANDS, commands);
}

describe('a configuration file', () => {
  test('has what is for all commands, and what is for one', async () => {
    await writeFile(path, '{"model": "bart", "serve": {"port": 9000}}');
    const { global, sections } = await readConfigFile({ path, named: false });
    expect([...global]).toEqual([['model', 'bart']]);
    expect([...sections.get('serve')!]).toEqual([['port', 9000]]);
    await check({ model: 'bart', serve: { port: 9000 } });
  });

  test('that nobody named need not be there', async () => {
    expect(await readConfigFile({ path, named: false })).toMatchObject({ found: false });
    await expect(readConfigFile({ path, named: true })).rejects.toThrow(`${path} cannot be read (ENOENT)`);
  });

  test.each([
    [{ modle: 'bart' }, 'there is no option "modle"; did you mean "model"?'],
    [{ summarise: {} }, 'there is no option "summarise"; did you mean "summarize"?'],
    [{ summarize: { beam: 4 } }, 'there is no option "summarize.beam"; did you mean "summarize.beams"?'],
    [{ summarize: { port: 4 } }, 'there is no option "summarize.port"'],
    [{ zzzzzzzz: 1 }, 'see "onnx-predict config" for all'],
    [{ serve: 9000 }, '"serve" names a command'],
    [{ model: {} }, '"model" must not be an object'],
    ['[]', 'must hold one object'],
    ['{"model": "bart",}', 'is no JSON'],
  ])('%j is refused, with its name and the nearest that there is', async (content, problem) => {
    const checking = check(content);
    await expect(checking).rejects.toThrow(problem);
    await expect(checking).rejects.toThrow(path);
    await expect(checking).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('is looked into only where it concerns the command', async () => {
    await check({ serve: { prot: 1 } }, ['summarize']);
    await expect(check({ serve: { prot: 1 } }, ['serve'])).rejects.toThrow('did you mean "serve.port"?');
  });
});
