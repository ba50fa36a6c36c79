/**
 * Thousands of odd texts through the built-in summarizer and its tokenizer, drawn from a seed: each must be answered, twice the same.
 *
 *     npm run fuzz -- [--count N] [--seed N] [--longest CHARACTERS]
 *
 * Prints what each kind of text cost per thousand characters, which is to stay level as texts grow.
 */
import { parseArgs } from 'node:util';
import { createEngine } from 'onnx-predict';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    longest: { type: 'string', default: '100000' },
  },
});
const [count, longest] = [Number(flags.count), Number(flags.longest)];
const SUMMARIZE_EVERY = 20;
let state = Number(flags.seed) >>> 0;

/** Mulberry32: numbers from 0 to 1 that the seed decides. */
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** @template T @param {readonly T[]} values */
function pick(values) {
  return /** @type {T} */ (values[Math.floor(random() * values.length)]);
}

/** @type {Record<string, () => string>} */
const KINDS = {
  ascii: () => String.fromCharCode(32 + random() * 95),
  words: () => pick(['the ', 'council ', 'voted ', 'on ', 'Tuesday. ', '14,000 ', 'cars\n', 'bridge, ']),
  cjk: () => String.fromCodePoint(0x4e00 + Math.floor(random() * 0x5000)),
  emoji: () => pick(['👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪', '‍', '️']),
  marks: () => pick(['a', '\u0301', '\u0323', '\u20dd', '\u0e49', '\u093c']),
  oneWord: () => pick(['ab', 'x', 'ing', 'Q']),
  controls: () => pick(['\0', '\t', '\r\n', '\u0085', '\u200b', '\ufeff', '\u2028', ' ']),
  surrogates: () => pick(['\ud800', '\udfff', '\ud83d', 'a', ' ']),
  special: () => pick(['</s>', '<pad>', '<extra_id_0>', '<unk>', '▁', 'Ġ', '<s>', ' ']),
  anything: () => String.fromCodePoint(Math.floor(random() * 0x110000)),
};

/** @param {string} kind */
function drawText(kind) {
  const length = Math.ceil(longest ** random());
  let text = '';
  while (text.length < length) text += /** @type {() => string} */ (KINDS[kind])();
  return text;
}

/** @param {string} text @param {() => Promise<readonly number[]>} ask */
async function checkTwice(text, ask) {
  const [first, second] = [await ask(), await ask()];
  const sound = first.length > 0 && first.every((id) => Number.isInteger(id) && id >= 0);
  if (!sound || JSON.stringify(first) !== JSON.stringify(second)) {
    throw new Error(
      `seed ${flags.seed}: ${JSON.stringify(text.slice(0, 200))} (${text.length} characters) gave ${first} and ${second}`,
    );
  }
}

const engine = createEngine();
const costs = new Map(Object.keys(KINDS).map((kind) => [kind, { characters: 0, ms: 0 }]));
for (let number = 0; number < count; number++) {
  const kind = pick([...costs.keys()]);
  const text = drawText(kind);
  const startMs = performance.now();
  await checkTwice(text, async () => (await engine.tokenize(text, { model: 'tiny' })).ids);
  const cost = /** @type {{ characters: number, ms: number }} */ (costs.get(kind));
  cost.characters += text.length;
  cost.ms += (performance.now() - startMs) / 2;
  if (number % SUMMARIZE_EVERY > 0 || text.trim() === '') continue;
  await checkTwice(text, async () => (await engine.summarize(text, { model: 'tiny', minLength: 0, maxLength: 12 })).outputIds);
}
for (const [kind, { characters, ms }] of costs) {
  process.stdout.write(
    `${kind}\t${characters} characters\t${((1000 * ms) / Math.max(1, characters)).toFixed(3)} ms per thousand\n`,
  );
}
process.stdout.write(`${count} texts answered\n`);
await engine.close();
