import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The packages that the types of `file`, and of what it imports, are made of. */
async function importedPackages(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const packages = new Set<string>();
  seen.add(file);
  const text = await readFile(file, 'utf8');
  for (const [, name] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    const target = join(dirname(file), name!.replace(/\.[jt]s$/, '.d.ts'));
    if (!name!.startsWith('.')) packages.add(name!);
    else if (!seen.has(target)) for (const found of await importedPackages(target, seen)) packages.add(found);
  }
  return packages;
}

test('the published types need no types of other packages than those that are installed with it', async () => {
  const packages = await importedPackages('dist/index.d.ts');
  expect([...packages].filter((name) => name !== 'valibot' && !name.startsWith('node:'))).toEqual([]);
  expect(packages).toContain('valibot');
});
