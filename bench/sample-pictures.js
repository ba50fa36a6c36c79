import { join } from 'node:path';
import { ownModule } from './own-module.js';

/** Numbers that look random and are the same every time. @param {number} seed */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Writes a JPEG that compresses about as a photograph does: a gradient, soft blobs, fine noise.
 * @param {string} folder
 * @param {{ name: string, width: number, height: number, seed: number }} picture
 * @returns {Promise<string>} its path
 */
export async function writePicture(folder, { name, width, height, seed }) {
  const sharp = ownModule('sharp');
  const random = createRandom(seed);
  const coarse = { width: 24, height: 18, channels: 3 };
  const blobs = Buffer.from(Array.from({ length: coarse.width * coarse.height * 3 }, () => Math.floor(random() * 256)));
  const pixels = await sharp(blobs, { raw: coarse }).resize(width, height, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
  for (let place = 0; place < pixels.length; place++) {
    const shade = (40 * Math.floor(place / (3 * width))) / height - 20;
    pixels[place] = Math.min(255, Math.max(0, (pixels[place] ?? 0) + shade + 16 * (random() - 0.5)));
  }
  const path = join(folder, `${name}.jpg`);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toFile(path);
  return path;
}
