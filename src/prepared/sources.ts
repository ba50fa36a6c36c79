import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PREPARER_VERSION } from '../preparer-version.ts';
import type { PreparableModel } from '../protocol.ts';

/** A file of which something was prepared. */
export interface SourceFile {
  /** Behind all links. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Another one means another content. */
  readonly fingerprint: string;
}

/** What a preparation is made of. */
export interface Sources {
  /** By role; weights beside a graph by the graph's role and a number. */
  readonly files: Readonly<Record<string, SourceFile>>;
  /** Of the graphs and their weights. */
  readonly graphBytes: number;
}

/** Contents are named by their hash in a Hub cache: a git sha1 or a sha256. */
const BLOB_NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Looks at the files of which a model's prepared graphs are made. No content is read: that would take longer than loading it.
 * @throws the system's error for a file that is not there
 */
export async function readSources(model: PreparableModel): Promise<Sources> {
  const config = readSource(model.files.config);
  const found = await Promise.all(
    graphPaths(model).map(async ([role, path]) => [
      [role, await readSource(path)] as const,
      ...(await readExternalData(role, path)),
    ]),
  );
  const graphs = found.flat();
  return {
    files: Object.fromEntries([['config', await config] as const, ...graphs]),
    graphBytes: graphs.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0),
  };
}

/** Looks at one file as it is now. */
async function readSource(path: string): Promise<SourceFile> {
  const [real, { size, mtimeNs, ino }] = await Promise.all([realpath(path), stat(path, { bigint: true })]);
  const name = basename(real);
  const isBlob = basename(dirname(real)) === 'blobs' && BLOB_NAME.test(name);
  const fingerprint = isBlob ? `blob ${name} ${size}` : `file ${real} ${size} ${mtimeNs} ${ino}`;
  return { path: real, sizeBytes: Number(size), fingerprint };
}

/** Whether all files are still what they were. */
export async function areUnchanged(files: Readonly<Record<string, SourceFile>>): Promise<boolean> {
  const same = Object.values(files).map(async ({ path, fingerprint }) => {
    const now = await readSource(path).catch(() => undefined);
    return now?.fingerprint === fingerprint;
  });
  return (await Promise.all(same)).every(Boolean);
}

/** The name under which is kept what this version prepares of these files. */
export function sourceKey({ task, identity, quantize }: PreparableModel, { files }: Sources): string {
  const fingerprints = Object.entries(files)
    .map(([role, { fingerprint }]) => [role, fingerprint])
    .sort();
  return createHash('sha256')
    .update(JSON.stringify([PREPARER_VERSION, task, identity.dtype, quantize, fingerprints]))
    .digest('hex')
    .slice(0, 32);
}

function graphPaths(model: PreparableModel): readonly (readonly [string, string])[] {
  if (model.task === 'image-classification') return [['model', model.files.model]];
  const { encoder, decoder, decoderWithPast } = model.files;
  const next = decoderWithPast === null ? [] : [['decoderWithPast', decoderWithPast] as const];
  return [['encoder', encoder], ['decoder', decoder], ...next];
}

/** Weights that ONNX keeps beside a graph: `model.onnx_data`, `model.onnx_data_1`. */
async function readExternalData(role: string, graph: string): Promise<(readonly [string, SourceFile])[]> {
  const files: (readonly [string, SourceFile])[] = [];
  for (let part = 0; ; part++) {
    const path = part === 0 ? `${graph}_data` : `${graph}_data_${part}`;
    const file = await readSource(path).catch(() => undefined);
    if (file === undefined) return files;
    files.push([`${role} data ${part}`, file]);
  }
}
