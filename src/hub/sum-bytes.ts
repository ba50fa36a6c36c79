import type { ModelFile } from '../schemas.ts';

/** What files take together, in bytes. */
export function sumBytes(files: readonly ModelFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
