import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What Pillow decodes of a picture file. */
interface DecodedImage {
  /** Below `test/fixtures/images`. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly rgbSha256: string;
}

/** What the reference makes of a picture file, from file to logits. */
interface GoldenImage extends DecodedImage {
  readonly tinySegformer: {
    readonly pixelValuesSha256: string;
    readonly logits: readonly number[];
    readonly top5: readonly number[];
  };
  readonly mitB0: { readonly pixelValuesSha256: string };
}

/** Every picture of test/golden/images/images.json. */
export const goldenImages = readCases<GoldenImage>('images.json');

/** Every picture of test/golden/images/odd.json: one of each odd case of each format. */
export const oddImages = readCases<DecodedImage>('odd.json').map((golden) => ({ ...golden, image: `odd/${golden.image}` }));

function readCases<T>(name: string): readonly T[] {
  return (JSON.parse(readFileSync(`test/golden/images/${name}`, 'utf8')) as { cases: readonly T[] }).cases;
}

/** Where a picture of `test/fixtures/images` is. */
export function imagePath(name: string): string {
  return `test/fixtures/images/${name}`;
}

/** The hash of an array's bytes, in hexadecimal digits. */
export function sha256(array: Uint8Array | Float32Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}
