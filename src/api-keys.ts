import { createHash, randomBytes } from 'node:crypto';
import { OnnxPredictError } from './errors.ts';

/** A key as a server knows it: by its hash, as what is not stored cannot be stolen. */
export interface StoredKey {
  /** What logs and metrics call it. */
  readonly name: string;
  /** SHA-256, 32 bytes: a key has so much entropy that no slower function is needed. */
  readonly hash: Buffer;
}

const KEY_BYTES = 32;
/** So that a key which was published by mistake is found by who looks for such. */
const KEY_PREFIX = 'op_';
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** Every request is compared with all of them, and each may be a label of a metric. */
const MAX_KEYS = 1000;

/** A new key: 256 random bits. */
export function createApiKey(): string {
  return `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
}

export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A key's line of a file. */
export function formatStoredKey({ name, hash }: StoredKey): string {
  return `${name}:${hash.toString('hex')}`;
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
export function checkKeyName(name: string): void {
  if (NAME.test(name)) return;
  throw new OnnxPredictError('INVALID_ARGUMENT', 'A key is named by 1 to 64 letters, digits, ".", "_" and "-".');
}

/**
 * Reads the lines of a file of keys, `name:sha256` in hexadecimal digits. Blank ones and those that begin with `#` say nothing.
 * @param path for what is said of it
 * @throws OnnxPredictError INVALID_ARGUMENT naming the line, never what stands in it: it may be a key
 */
export function parseApiKeys(text: string, path: string): readonly StoredKey[] {
  const keys = text.split('\n').flatMap((line, index) => {
    const entry = line.trim();
    return entry === '' || entry.startsWith('#') ? [] : [parseLine(entry, `${path}, line ${index + 1}`)];
  });
  checkDistinct(keys, path);
  return keys;
}

function parseLine(entry: string, where: string): StoredKey {
  const [, name = '', digits = ''] = /^([^:]*):([0-9a-f]{64})$/i.exec(entry) ?? [];
  if (!NAME.test(name)) {
    throw new OnnxPredictError(
      'INVALID_ARGUMENT',
      `${where}: it must be NAME:SHA256, as "onnx-predict keys add NAME" writes it; the key itself has no place there.`,
    );
  }
  const hash = Buffer.from(digits, 'hex');
  // What who has no key would be let in by.
  if (hash.equals(hashApiKey(''))) throw new OnnxPredictError('INVALID_ARGUMENT', `${where}: this is the hash of nothing.`);
  return { name, hash };
}

function checkDistinct(keys: readonly StoredKey[], path: string): void {
  if (keys.length > MAX_KEYS) throw new OnnxPredictError('INVALID_ARGUMENT', `${path}: there are more than ${MAX_KEYS} keys.`);
  const names = new Set(keys.map(({ name }) => name));
  const hashes = new Set(keys.map(({ hash }) => hash.toString('hex')));
  if (names.size === keys.length && hashes.size === keys.length) return;
  throw new OnnxPredictError('INVALID_ARGUMENT', `${path}: two lines have the same name, or the same key.`);
}
