import { timingSafeEqual } from 'node:crypto';
import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { fileError, isOpenToOthers } from '../../api-key-file.ts';
import { hashApiKey, parseApiKeys, type StoredKey } from '../../api-keys.ts';
import { reportError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

/** The keys that a server accepts, as they are in a file now. */
export interface KeyRing {
  /** The name of the key that was presented; undefined for what is none, '' included. */
  identify(presented: string): string | undefined;
  /** Looks whether the file has changed. A new one that cannot be used leaves the old keys in force. */
  refresh(): Promise<void>;
  /** Looks no more. */
  close(): void;
}

export interface KeyRingOptions {
  readonly path: string;
  readonly logger: Logger;
}

/** Watching a file would miss changes on network file systems, and of links as Kubernetes mounts secrets. */
const POLL_MS = 1000;

/** @throws OnnxPredictError INVALID_ARGUMENT if the file cannot be read or understood */
export function openKeyRing({ path, logger }: KeyRingOptions): KeyRing {
  let { keys, version } = readNow(path);
  let told = '';
  warnIfOpen(path, logger);

  async function refresh(): Promise<void> {
    try {
      const before = versionOf(await stat(path, { bigint: true }));
      if (before === version) return;
      const text = await readFile(path, 'utf8');
      // It is still being written: the next look sees more of it.
      if (versionOf(await stat(path, { bigint: true })) !== before) return;
      version = before;
      keys = parseApiKeys(text, path);
      told = '';
      logger.info(`${path} has changed: ${keys.length} API keys are accepted now`);
    } catch (error) {
      const reason = reportError(
        'code' in Object(error) && 'errno' in Object(error) ? fileError(error, path, 'read') : error,
      ).message;
      if (reason !== told) logger.warn(`The API keys stay as they were. ${reason}`);
      told = reason;
    }
  }

  const timer = setInterval(() => void refresh(), POLL_MS);
  timer.unref();
  return { identify: (presented) => findKey(keys, presented), refresh, close: () => clearInterval(timer) };
}

/**
 * The name of a key, by the hash of what was presented. It takes as long for the first key as for the last and for none: all
 * hashes are compared, each in constant time.
 */
export function findKey(keys: readonly StoredKey[], presented: string): string | undefined {
  const hash = hashApiKey(presented);
  let found = -1;
  for (let i = 0; i < keys.length; i++) found = timingSafeEqual(hash, keys[i]!.hash) ? i : found;
  return keys[found]?.name;
}

function readNow(path: string): { readonly keys: readonly StoredKey[]; readonly version: string } {
  let text: string;
  let version: string;
  try {
    version = versionOf(statSync(path, { bigint: true }));
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, path, 'read');
  }
  return { keys: parseApiKeys(text, path), version };
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

function warnIfOpen(path: string, logger: Logger): void {
  if (!isOpenToOthers(statSync(path).mode)) return;
  logger.warn(`${path} can be read by everyone on this machine, or changed by others than its owner: chmod 600 closes it`);
}
