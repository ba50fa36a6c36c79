import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What the reference makes of a picture file, from file to logits. */
interface GoldenImage {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly rgbSha256: string;
  readonly tinySegformer: {
    readonly pixelValuesSha256: string;
    readonly logits: readonly number[];
    readonly top5: readonly number[];
  };
  readonly mitB0: { readonly pixelValuesSha256: string };
}

const { cases } = JSON.parse(readFileSync('test/golden/images/images.json', 'utf8')) as { cases: readonly GoldenImage[] };

/** Every picture of test/golden/images/images.json. */
export const goldenImages: readonly GoldenImage[] = cases;

/** Where a picture of `test/fixtures/images` is. */
export function imagePath(name: string): string {
  return `test/fixtures/images/${name}`;
}

/** The hash of an array's bytes, in hexadecimal digits. */
export function sha256(array: Uint8Array | Float32Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}
