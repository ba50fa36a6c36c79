import { codePointClasses } from './code-point-classes.ts';
import { GRAPHEME_BREAKS } from './unicode-tables.ts';

const CR = 1;
const LF = 2;
const CONTROL = 3;
const EXTEND = 4;
/** An Extend that joins two Indic consonants. */
const LINKER = 5;
/** U+200C, the one Extend that ends an Indic conjunct. */
const NON_JOINER = 6;
const JOINER = 7;
const SPACING_MARK = 8;
const PREPEND = 9;
const PICTOGRAPHIC = 10;
const CONSONANT = 11;
const HANGUL_L = 12;
const HANGUL_V = 13;
const HANGUL_T = 14;
const HANGUL_LV = 15;
const HANGUL_LVT = 16;

/** What has to be known of a cluster to tell whether the next character belongs to it. */
interface ClusterState {
  last: number;
  /** 1: a pictograph and extenders; 2: a joiner after them. */
  pictograph: 0 | 1 | 2;
  /** 1: an Indic consonant; 2: a linker after it. */
  conjunct: 0 | 1 | 2;
}

/** Finds the end of the grapheme cluster that starts at `start` (in UTF-16 code units). */
export type FindClusterEnd = (text: string, start: number) => number;

/**
 * Extended grapheme clusters (UAX #29, Unicode 16) as the Rust crate unicode-segmentation finds them, in one pass:
 * Intl.Segmenter is quadratic on long clusters and follows whatever Unicode version Node was built with. Two regional indicators
 * stay apart here: the caller treats clusters of 6 bytes and more character by character, and a flag has 8.
 */
export function createClusterFinder(): FindClusterEnd {
  const classes = graphemeClasses();
  return (text, start) => {
    let code = text.codePointAt(start)!;
    let end = start + (code > 0xffff ? 2 : 1);
    const state: ClusterState = { last: 0, pictograph: 0, conjunct: 0 };
    append(state, classes[code]!);
    while (end < text.length) {
      code = text.codePointAt(end)!;
      const next = classes[code]!;
      if (!belongs(state, next)) return end;
      append(state, next);
      end += code > 0xffff ? 2 : 1;
    }
    return end;
  };
}

function belongs({ last, pictograph, conjunct }: ClusterState, next: number): boolean {
  if (last === CR && next === LF) return true;
  if ((last >= CR && last <= CONTROL) || (next >= CR && next <= CONTROL)) return false;
  if (next >= EXTEND && next <= SPACING_MARK) return true;
  if (last === PREPEND) return true;
  if (next === PICTOGRAPHIC) return pictograph === 2;
  if (next === CONSONANT) return conjunct === 2;
  return joinsHangul(last, next);
}

function joinsHangul(last: number, next: number): boolean {
  if (last === HANGUL_L) return next === HANGUL_L || next === HANGUL_V || next === HANGUL_LV || next === HANGUL_LVT;
  if (last === HANGUL_LV || last === HANGUL_V) return next === HANGUL_V || next === HANGUL_T;
  return (last === HANGUL_LVT || last === HANGUL_T) && next === HANGUL_T;
}

function append(state: ClusterState, next: number): void {
  const extends_ = next >= EXTEND && next <= NON_JOINER;
  if (next === PICTOGRAPHIC) state.pictograph = 1;
  else if (next === JOINER) state.pictograph = state.pictograph === 1 ? 2 : 0;
  else if (!(extends_ && state.pictograph === 1)) state.pictograph = 0;
  if (next === CONSONANT) state.conjunct = 1;
  else if (next === LINKER && state.conjunct > 0) state.conjunct = 2;
  else if (next !== EXTEND && next !== JOINER) state.conjunct = 0;
  state.last = next;
}

function graphemeClasses(): Uint8Array {
  const classes = codePointClasses([
    [CONTROL, GRAPHEME_BREAKS.control],
    [EXTEND, GRAPHEME_BREAKS.extend],
    [LINKER, GRAPHEME_BREAKS.linker],
    [SPACING_MARK, GRAPHEME_BREAKS.spacingMark],
    [PREPEND, GRAPHEME_BREAKS.prepend],
    [PICTOGRAPHIC, GRAPHEME_BREAKS.pictographic],
    [CONSONANT, GRAPHEME_BREAKS.consonant],
  ]);
  classes[0x0d] = CR;
  classes[0x0a] = LF;
  classes[0x200c] = NON_JOINER;
  classes[0x200d] = JOINER;
  classes.fill(HANGUL_L, 0x1100, 0x1160).fill(HANGUL_L, 0xa960, 0xa97d);
  classes.fill(HANGUL_V, 0x1160, 0x11a8).fill(HANGUL_V, 0xd7b0, 0xd7c7);
  classes.fill(HANGUL_V, 0x16d63, 0x16d64).fill(HANGUL_V, 0x16d67, 0x16d6b);
  classes.fill(HANGUL_T, 0x11a8, 0x1200).fill(HANGUL_T, 0xd7cb, 0xd7fc);
  for (let syllable = 0xac00; syllable <= 0xd7a3; syllable++) {
    classes[syllable] = (syllable - 0xac00) % 28 === 0 ? HANGUL_LV : HANGUL_LVT;
  }
  return classes;
}
