import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { multipartBody } from './multipart-body.js';

/**
 * A request that the soak makes again and again.
 * @typedef {object} SoakRequest
 * @property {string} name
 * @property {string | null} model that it waits for, so that it may be refused; null: none
 * @property {number} status that it must be answered with
 * @property {'GET' | 'POST'} method
 * @property {string} path
 * @property {string} [contentType]
 * @property {Buffer} [body]
 */

const MAX_UPLOAD_MB = 4;
const EXAMPLES = ['airplane', 'automobile', 'ship', 'truck'];
/** What the server is started with, so that these requests have these answers. */
export const SERVER_OPTIONS = ['--max-upload-mb', String(MAX_UPLOAD_MB), '--max-queue', '24'];

/**
 * @param {() => number} random 0 to 1
 * @returns {Promise<SoakRequest[]>}
 */
export async function makeSoakRequests(random) {
  const text = await readFile('examples/lighthouse.txt', 'utf8');
  const licence = await readFile('LICENSE', 'utf8');
  const words = `${text} ${licence}`.split(/\s+/);
  const shuffled = (/** @type {number} */ count) =>
    Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' ');
  const texts = [text, licence, 'A short text.', `“Grüße”, 東京 😀 ${text}`, ...[20, 60, 150, 400].map(shuffled)];
  const pictures = await Promise.all(EXAMPLES.map((name) => readFile(`examples/${name}.jpg`)));
  const [ship] = /** @type {[Buffer]} */ (pictures.slice(2));
  const large = await drawNoise(900, 700, random);
  const image = (/** @type {string} */ name, /** @type {Uint8Array} */ bytes, status = 200, field = 'file') => ({
    ...{ name, model: 'mit-b0', status, method: /** @type {const} */ ('POST') },
    path: '/predict/image_classes?top=5',
    ...multipartBody(bytes, field),
  });
  const summary = (
    /** @type {string} */ name,
    /** @type {string} */ model,
    /** @type {string} */ body,
    status = 200,
    query = '',
  ) => ({
    ...{ name: `${model}, ${name}`, model, status, method: /** @type {const} */ ('POST') },
    path: `/predict/text_summarize?verbose=1&model=${model}${query}`,
    contentType: 'application/json',
    body: Buffer.from(body),
  });
  return [
    { name: 'GET /', model: null, status: 200, method: 'GET', path: '/' },
    { name: 'GET /nothing', model: null, status: 404, method: 'GET', path: '/nothing' },
    ...pictures.map((bytes, index) => image(`picture ${EXAMPLES[index]}`, bytes)),
    image('picture over 1 MB', large),
    image('picture over the limit', Buffer.alloc(MAX_UPLOAD_MB * 1024 * 1024 + 1), 413),
    image('picture that is cut off', ship.subarray(0, ship.length >> 1), 400),
    image('large picture that is cut off', large.subarray(0, large.length - 5000), 400),
    image('text as a picture', Buffer.from(text), 400),
    image('form without a file', ship, 422, 'other'),
    ...['t5', 'bart'].flatMap((model) => [
      ...texts.map((each, index) => summary(`text ${index}`, model, JSON.stringify({ text: each }))),
      summary('short', model, JSON.stringify({ text }), 200, '&min_length=5&max_length=12'),
      summary('blank', model, JSON.stringify({ text: ' \n' }), 400),
      summary('no JSON', model, '{"text": ', 422),
      summary('no text', model, '{}', 422),
    ]),
    { ...summary('unknown model', 'nobody', JSON.stringify({ text }), 400), model: null },
  ];
}

/**
 * A picture that cannot be packed.
 * @param {number} width @param {number} height @param {() => number} random
 */
function drawNoise(width, height, random) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/**
 * Numbers from 0 to 1 that are the same for the same seed: xorshift with 32 bits (Marsaglia, 2003).
 * @param {number} seed
 */
export function createRandom(seed) {
  // Zero is the one state that it never leaves.
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
