import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { type Check, checksOf } from './check.ts';

const { ok, problem } = checksOf('versions');
const OLDEST_NODE = [20, 19] as const;
const REINSTALL = 'Install the packages again: npm ci in a clone, else npm install -g onnx-predict.';

/** What is installed. Nothing native is loaded for it. */
export function checkVersions(own: string): readonly Check[] {
  return [
    ok('onnx-predict', own),
    checkNode(process.versions.node),
    ...['onnxruntime-node', 'sharp'].map((name) => {
      const version = installedVersion(name);
      return version === undefined ? problem(name, 'not installed', REINSTALL) : ok(name, version);
    }),
    ok('system', systemName()),
  ];
}

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return ok('node', version);
  return problem('node', version, `Install Node ${OLDEST_NODE.join('.')} or newer.`);
}

/** From the package's own package.json, which not every package exports. */
function installedVersion(name: string): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
      const found = readVersion(join(folder, 'package.json'), name);
      if (found !== undefined) return found;
    }
  } catch {
    // It is not there.
  }
  return undefined;
}

function readVersion(path: string, name: string): string | undefined {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: string; readonly version?: string };
    return content.name === name ? content.version : undefined;
  } catch {
    return undefined;
  }
}

function systemName(): string {
  const { header } = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  const glibc = header?.glibcVersionRuntime;
  return `${process.platform} ${release()}, ${process.arch}${glibc === undefined ? '' : `, glibc ${glibc}`}`;
}
