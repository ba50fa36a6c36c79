import type { Orientation } from './exif-orientation.ts';
import type { RgbImage } from './rgb-image.ts';

/** Pixels that are read and written together, so that a turned picture does not miss the cache at every pixel. */
const BLOCK = 32;

/** `image` turned and mirrored so that it stands upright; the same pixels if it does. */
export function orientImage(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const { width, height } = image;
  const swaps = orientation >= 5;
  const [toWidth, toHeight] = swaps ? [height, width] : [width, height];
  // Where the pixel x, y goes: to (x or its mirror image, y or its mirror image), exchanged if `swaps`.
  const mirrorsX = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
  const mirrorsY = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
  const stepX = (swaps ? toWidth : 1) * (mirrorsX ? -3 : 3);
  const stepY = (swaps ? 1 : toWidth) * (mirrorsY ? -3 : 3);
  const origin = (mirrorsX ? -stepX * (width - 1) : 0) + (mirrorsY ? -stepY * (height - 1) : 0);
  const from = image.data;
  const data = new Uint8Array(toWidth * toHeight * 3);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const bottom = Math.min(height, top + BLOCK);
      const right = Math.min(width, left + BLOCK);
      for (let y = top; y < bottom; y++) {
        let source = (y * width + left) * 3;
        let target = origin + y * stepY + left * stepX;
        for (let x = left; x < right; x++) {
          data[target] = from[source]!;
          data[target + 1] = from[source + 1]!;
          data[target + 2] = from[source + 2]!;
          source += 3;
          target += stepX;
        }
      }
    }
  }
  return { width: toWidth, height: toHeight, data };
}
