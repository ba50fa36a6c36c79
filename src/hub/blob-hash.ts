import { createHash, type Hash } from 'node:crypto';

/**
 * The hash that names a blob, still to be fed its content: sha256 for the 64 hexadecimal digits of an LFS file, git's blob sha1 (of
 * a header and the content) for 40.
 */
export function createBlobHash(etag: string, sizeBytes: number): Hash {
  return etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${sizeBytes}\0`);
}
