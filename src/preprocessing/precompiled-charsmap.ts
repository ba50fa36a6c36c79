import { OnnxPredictError } from '../errors.ts';
import { createClusterFinder } from './grapheme-breaks.ts';

/** Clusters from this many bytes of UTF-8 on are not looked up whole. */
const LONG_CLUSTER_BYTES = 6;
/** The longest replacement of the charsmaps in use has 33 bytes; longer ones would let a small file blow a text up. */
const MAX_REPLACEMENT_BYTES = 256;

/** A double array of darts-clone and the NUL-terminated texts that its leaves point into. */
interface Charsmap {
  readonly units: Uint32Array;
  readonly replacements: Uint8Array;
}

/**
 * The normalizer `Precompiled` of tokenizer.json, exactly as the `tokenizers` package applies it (SentencePiece's rules, by way of
 * spm_precompiled): a grapheme cluster of under 6 bytes is looked up whole, all others character by character; the shortest key
 * that starts what is looked up replaces all of it. Time is linear in the text.
 * @param base64 the field `precompiled_charsmap`
 * @throws OnnxPredictError MODEL_INVALID naming `source`
 */
export function createCharsmapNormalizer(base64: string, source: string): (text: string) => string {
  const charsmap = parseCharsmap(base64, source);
  const findClusterEnd = createClusterFinder();
  const byCodePoint = new Map<number, string | null>();
  const replaceCodePoint = (code: number): string | null => {
    let replacement = byCodePoint.get(code);
    if (replacement === undefined) {
      replacement = lookUp(charsmap, Buffer.from(String.fromCodePoint(code)));
      byCodePoint.set(code, replacement);
    }
    return replacement;
  };

  return (text) => {
    const parts: string[] = [];
    let copied = 0;
    const replace = (start: number, end: number, replacement: string | null) => {
      if (replacement === null) return;
      parts.push(text.slice(copied, start), replacement);
      copied = end;
    };
    for (let start = 0; start < text.length; ) {
      const end = isLoneAscii(text, start) ? start + 1 : findClusterEnd(text, start);
      const whole = end - start > 1 ? shortCluster(text, start, end) : null;
      const replacement = whole === null ? null : lookUp(charsmap, whole);
      if (replacement !== null) replace(start, end, replacement);
      else {
        for (let at = start; at < end; ) {
          const code = text.codePointAt(at)!;
          const next = at + (code > 0xffff ? 2 : 1);
          replace(at, next, replaceCodePoint(code));
          at = next;
        }
      }
      start = end;
    }
    return copied === 0 ? text : parts.join('') + text.slice(copied);
  };
}

/** Whether the character at `at` is ASCII and surely a cluster of its own, which spares most texts the search. */
function isLoneAscii(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x80 && code !== 0x0d && !(text.charCodeAt(at + 1) >= 0x80);
}

function shortCluster(text: string, start: number, end: number): Uint8Array | null {
  if (end - start >= LONG_CLUSTER_BYTES) return null;
  const bytes = Buffer.from(text.slice(start, end));
  return bytes.length < LONG_CLUSTER_BYTES ? bytes : null;
}

/** What the shortest key that `bytes` start with is replaced by; an array that points outside itself has no such key. */
function lookUp({ units, replacements }: Charsmap, bytes: Uint8Array): string | null {
  let node = offsetOf(units[0]!);
  for (const byte of bytes) {
    if (byte === 0) return null;
    node ^= byte;
    const unit = units[node];
    // The highest bit marks a leaf: its label equals no byte.
    if (unit === undefined || (unit & 0x800000ff) !== byte) return null;
    node ^= offsetOf(unit);
    if ((unit & 0x100) !== 0) return readReplacement(replacements, (units[node] ?? 0xffffffff) & 0x7fffffff);
  }
  return null;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function readReplacement(replacements: Uint8Array, start: number): string | null {
  const end = replacements.indexOf(0, start);
  return end === -1 ? null : Buffer.from(replacements.subarray(start, end)).toString();
}

function parseCharsmap(base64: string, source: string): Charsmap {
  const bytes = Buffer.from(base64, 'base64');
  const trieBytes = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes > bytes.length - 4) {
    throw new OnnxPredictError('MODEL_INVALID', `${source} has a precompiled_charsmap that is cut off or no charsmap at all.`);
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + i * 4));
  const replacements = bytes.subarray(4 + trieBytes);
  let start = 0;
  for (let end = replacements.indexOf(0); end !== -1; end = replacements.indexOf(0, start)) {
    if (end - start > MAX_REPLACEMENT_BYTES) {
      const problem = `replaces a character by ${end - start} bytes in its precompiled_charsmap; at most ${MAX_REPLACEMENT_BYTES} are read`;
      throw new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
    }
    start = end + 1;
  }
  return { units, replacements };
}
