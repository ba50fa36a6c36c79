import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../disk/clock.ts';
import { createFolder } from '../disk/create-folder.ts';
import { holdLock } from '../disk/file-lock.ts';
import { formatBytes } from '../format-bytes.ts';
import { PREPARER_VERSION } from '../preparer-version.ts';
import type { PreparableModel, PreparedFiles } from '../protocol.ts';
import { ownBytes, syncFolder } from './folder-files.ts';
import type { Machine } from './machine.ts';
import { areFilesOf, type Manifest, readManifest, writeManifest } from './manifest.ts';
import type { PreparedLayout } from './prepared-layout.ts';
import type { Sources } from './sources.ts';

/** Has graphs prepared in a folder, in a process of its own. Throws what went wrong; the signal's reason once it is aborted. */
export type RunPreparer = (
  request: { readonly model: PreparableModel; readonly folder: string },
  options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly onStage: (stage: string) => void },
) => Promise<PreparedFiles>;

/** How much room there is where a folder lies, in bytes; undefined where the system does not say. */
export type FreeBytes = (folder: string) => Promise<number | undefined>;

/** What is to be prepared, where, and for which machine. */
export interface Preparation {
  readonly model: PreparableModel;
  readonly sources: Sources;
  readonly machine: Machine;
  readonly layout: PreparedLayout;
}

export interface MakeOptions {
  readonly run: RunPreparer;
  readonly clock: Clock;
  readonly freeBytes: FreeBytes;
  readonly signal: AbortSignal;
  readonly onStage: (stage: string) => void;
  /** Whether what is found, once nobody else works on it, will do. */
  readonly suffices: (found: Manifest) => boolean;
}

/** Of the graphs: the rewritten ones, ONNX Runtime's save of them, and something to work with. */
const ROOM_FACTOR = 2.2;
const TIMEOUT_MS = 60_000;
const TIMEOUT_MS_PER_GB = 60_000;

/**
 * Prepares a model, one process at a time, or finds that another one has just done so. What fails is kept on record.
 * @returns what there is then: prepared graphs, or why there are none
 * @throws the signal's reason once it is aborted
 */
export async function makePrepared(
  preparation: Preparation,
  options: MakeOptions,
): Promise<{ readonly manifest: Manifest; readonly made: boolean }> {
  const { layout } = preparation;
  const { clock, signal, onStage, suffices } = options;
  const startMs = clock.now();
  try {
    await using _lock = await holdLock(layout.lock, { clock, signal, onWait: () => onStage('another process prepares it') });
    const found = await readManifest(layout.folder);
    if (found !== undefined && suffices(found)) return { manifest: found, made: false };
    await removeDrafts(layout);
    try {
      return { manifest: await prepareDraft(preparation, options, startMs), made: true };
    } catch (error) {
      signal.throwIfAborted();
      const manifest = failed(preparation, error, { startMs, nowMs: clock.now() });
      // What works is not given up because it could not be made anew.
      if (found?.status !== 'prepared') await recordFailure(layout, manifest);
      return { manifest, made: true };
    }
  } catch (error) {
    signal.throwIfAborted();
    // There is no place to keep anything in, a record neither.
    return { manifest: failed(preparation, error, { startMs, nowMs: clock.now() }), made: true };
  }
}

/** Keeps on record that a preparation is not to be used, in its place if it is there. What cannot be kept is forgotten. */
export async function recordFailure(layout: PreparedLayout, manifest: Manifest): Promise<void> {
  const draft = layout.draft();
  try {
    await createFolder(draft);
    await writeManifest(draft, manifest);
    await putInPlace(draft, layout);
  } catch {
    await rm(draft, { recursive: true, force: true }).catch(() => {});
  }
}

/** The record of a preparation that failed. */
function failed(
  { model, sources, machine }: Preparation,
  error: unknown,
  { startMs, nowMs }: { readonly startMs: number; readonly nowMs: number },
): Manifest {
  const reason = error instanceof Error ? error.message : String(error);
  return { ...describe({ model, sources, machine }), status: 'failed', reason, createdMs: nowMs, prepareMs: nowMs - startMs };
}

/** Makes the graphs beside the place where they belong, and moves them there when they are whole. */
async function prepareDraft(preparation: Preparation, options: MakeOptions, startMs: number): Promise<Manifest> {
  const { model, sources, layout } = preparation;
  const { run, clock, signal, onStage } = options;
  await checkRoom(layout.root, sources.graphBytes, options.freeBytes);
  const folder = layout.draft();
  await mkdir(folder);
  try {
    const timeoutMs = TIMEOUT_MS + (TIMEOUT_MS_PER_GB * sources.graphBytes) / 1e9;
    const files = await run({ model, folder }, { signal, timeoutMs, onStage });
    signal.throwIfAborted();
    await checkFiles(model, folder, files);
    const nowMs = clock.now();
    const manifest: Manifest = {
      ...describe(preparation),
      status: 'prepared',
      files: { graph: { ...files.graph }, optimized: files.optimized === null ? null : { ...files.optimized } },
      sizeBytes: await ownBytes(folder),
      createdMs: nowMs,
      prepareMs: nowMs - startMs,
    };
    await writeManifest(folder, manifest);
    await syncFolder(folder);
    await putInPlace(folder, layout);
    return manifest;
  } catch (error) {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

function describe({ model, sources, machine }: Omit<Preparation, 'layout'>) {
  const { task, identity, quantize } = model;
  const { id, revision, dtype } = identity;
  const about = { task, model: { id, revision, dtype }, quantize, machine: { ...machine }, sources: { ...sources.files } };
  return { format: 1, preparer: PREPARER_VERSION, ...about } as const;
}

/** @throws Error */
async function checkRoom(folder: string, graphBytes: number, freeBytes: FreeBytes): Promise<void> {
  const neededBytes = Math.ceil(graphBytes * ROOM_FACTOR);
  const free = await freeBytes(folder);
  if (free === undefined || free >= neededBytes) return;
  throw new Error(`${dirname(folder)} has room for ${formatBytes(free)}, and ${formatBytes(neededBytes)} are needed`);
}

/** Of a preparer that is wrong, rather than of one that means harm: it runs with this user's rights. */
async function checkFiles({ task }: PreparableModel, folder: string, files: PreparedFiles): Promise<void> {
  if (!areFilesOf(task, files)) throw new Error('the preparer did not name a file for each graph');
  for (const name of [...Object.values(files.graph), ...Object.values(files.optimized ?? {})]) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() !== true) throw new Error(`the preparer named ${name} and did not write it`);
  }
}

/** Whoever holds the lock is the only one that makes drafts: what is there is of processes that died. */
async function removeDrafts(layout: PreparedLayout): Promise<void> {
  for (const name of await readdir(layout.root)) {
    if (layout.isDraft(name)) await rm(join(layout.root, name), { recursive: true, force: true });
  }
}

async function putInPlace(draft: string, layout: PreparedLayout): Promise<void> {
  await rename(draft, layout.folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
    const old = layout.draft();
    await rename(layout.folder, old);
    await rename(draft, layout.folder);
    await rm(old, { recursive: true, force: true });
  });
}

export const systemFreeBytes: FreeBytes = async (folder) => {
  const disk = await statfs(folder).catch(() => undefined);
  // Some network and container file systems do not say.
  return disk === undefined || disk.blocks === 0 ? undefined : disk.bavail * disk.bsize;
};
