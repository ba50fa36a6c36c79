import { randomUUID } from 'node:crypto';
import { link, open, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import type { Clock } from './clock.ts';
import { createFolder } from './create-folder.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 100;
const HEARTBEAT_MS = 10_000;
/** A holder that cannot be seen from here, on another machine or in a file that does not say, is taken for dead after so long. */
const SILENT_MS = 60_000;

const OwnerSchema = v.object({
  hostname: v.string(),
  pidNamespace: v.nullable(v.string()),
  pid: v.number(),
  startTicks: v.nullable(v.number()),
  /** Tells two locks of one process apart. */
  token: v.string(),
});
type Owner = v.InferOutput<typeof OwnerSchema>;

/**
 * Waits until nobody else holds the lock file `path`, and holds it until it is disposed of. A lock whose process has ended is
 * taken over. It keeps work from being done twice; that nothing breaks without it is up to atomic renames.
 * @throws the system's error if the file cannot be made; the signal's reason once it is aborted
 */
export async function holdLock(
  path: string,
  {
    clock,
    signal,
    onWait,
  }: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    /** Told once, if somebody else holds it. */
    readonly onWait?: () => void;
  },
): Promise<AsyncDisposable> {
  let waits = false;
  await createFolder(dirname(path));
  const owner: Owner = { ...(await ownIdentity()), token: randomUUID() };
  while (!(await create(path, owner))) {
    signal.throwIfAborted();
    if (await removeIfStale(path, owner, clock)) continue;
    if (!waits) onWait?.();
    waits = true;
    await clock.sleep(POLL_MS, signal);
  }
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), HEARTBEAT_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat);
      if ((await readLock(path))?.owner?.token === owner.token) await unlink(path).catch(() => {});
    },
  };
}

/** Whether a living process holds the lock file `path`. */
export async function isLocked(path: string, clock: Clock): Promise<boolean> {
  const found = await readLock(path);
  return found !== undefined && !(await isStale(found, await ownIdentity(), clock));
}

/** Makes the lock file in one step, so that nobody ever sees it without its content. */
async function create(path: string, owner: Owner): Promise<boolean> {
  const draft = `${path}.${owner.token}`;
  const file = await open(draft, 'wx');
  try {
    await file.writeFile(JSON.stringify(owner));
    await file.close();
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return await createWithoutLink(path, owner);
  } finally {
    await file.close().catch(() => {});
    await unlink(draft).catch(() => {});
  }
}

/** Where the file system knows no hard links: there is a moment in which the file is empty. */
async function createWithoutLink(path: string, owner: Owner): Promise<boolean> {
  try {
    await using file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(owner));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Of several that find the same dead owner, one removes its lock: whoever makes the breaker's file. */
async function removeIfStale(path: string, own: Owner, clock: Clock): Promise<boolean> {
  const found = await readLock(path);
  if (found === undefined || !(await isStale(found, own, clock))) return false;
  const breaker = `${path}.breaker`;
  if (!(await create(breaker, own))) {
    // Its maker ended within the few lines below.
    const other = await readLock(breaker);
    if (other !== undefined && (await isStale(other, own, clock))) await remove(breaker);
    return false;
  }
  try {
    const again = await readLock(path);
    if (again?.content === found.content && (await isStale(again, own, clock))) await remove(path);
    return true;
  } finally {
    await unlink(breaker).catch(() => {});
  }
}

/** What cannot be removed is not waited for: it would be for ever. */
async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function isStale({ owner, touchedMs }: FoundLock, own: ProcessIdentity, clock: Clock): Promise<boolean> {
  const running = owner === undefined ? undefined : await isRunning(owner, own);
  return running === undefined ? clock.now() - touchedMs > SILENT_MS : !running;
}

/** A lock file as it was found. */
interface FoundLock {
  readonly content: string;
  /** Undefined where the content does not say: it is just being made, or the disk was full, or the power went. */
  readonly owner: Owner | undefined;
  readonly touchedMs: number;
}

/** Undefined if there is none. */
async function readLock(path: string): Promise<FoundLock | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  const content = await readFile(path, 'utf8').catch(() => '');
  return { content, owner: parseOwner(content), touchedMs: found.mtimeMs };
}

function parseOwner(content: string): Owner | undefined {
  try {
    const parsed = v.safeParse(OwnerSchema, JSON.parse(content));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
