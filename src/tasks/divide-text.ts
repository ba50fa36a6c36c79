import { OnnxPredictError } from '../errors.ts';
import { type CutPiece, createPieceCutter, type Piece, sentencesOf } from './text-pieces.ts';

/** How much a part may hold, and how it is counted. */
export interface DivideOptions {
  /** Of a stretch of text as it stands within others. */
  readonly countTokens: (text: string) => number;
  /** Of a part as the model reads it: prefix and special tokens included. */
  readonly countInput: (part: string) => number;
  readonly maxInputTokens: number;
  readonly maxParts: number;
}

/** A part of a text, in UTF-16 code units. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
  /** As the model reads it: prefix and special tokens included. */
  readonly inputTokens: number;
}

type MeasuredPiece = Piece & { readonly tokens: number };

/** What the model reads beside a part must leave it so many tokens. */
const MIN_ROOM = 32;
/** Pieces have at most about this share of a part, so that parts can be filled well. */
const PIECES_PER_PART = 12;
/** A part ends at a better border rather than near its target, if it has this share of it. */
const MIN_FILL = 0.6;
/** After so many corrections of a part that is too long, it is halved. */
const MAX_CORRECTIONS = 3;

/**
 * Divides a text into parts that a model can read, about equal in length, at the ends of paragraphs, else of sentences, else of
 * lines or words, and never inside a character unless that alone is too long. What lies between two parts is white space. A text that
 * can be read as it is is one part, white space around it included. Time is near-linear in the text.
 * @throws OnnxPredictError TEXT_TOO_LONG for more than `maxParts`; INVALID_ARGUMENT if the prefix leaves no room
 */
export function divideText(text: string, options: DivideOptions): readonly TextPart[] {
  const { countTokens, countInput, maxInputTokens, maxParts } = options;
  const inputTokens = countInput(text);
  if (inputTokens <= maxInputTokens) return [{ start: 0, end: text.length, inputTokens }];
  const room = maxInputTokens - (countInput('a') - countTokens('a'));
  if (room < MIN_ROOM) {
    const problem = `leaves ${Math.max(0, room)} of the ${maxInputTokens} tokens that the model reads for each part of the text`;
    throw new OnnxPredictError('INVALID_ARGUMENT', `prefix: ${problem}; at least ${MIN_ROOM} are needed`);
  }
  if (inputTokens > maxParts * maxInputTokens) throw tooManyParts(inputTokens, options);
  const cutPiece = createPieceCutter();
  const pieces: MeasuredPiece[] = [];
  for (const sentence of sentencesOf(text, room >> 3)) pieces.push(...measure(text, sentence, { countTokens, room, cutPiece }));
  return packParts(text, pieces, { ...options, room, cutPiece });
}

interface MeasureOptions extends Pick<DivideOptions, 'countTokens'> {
  /** Tokens that a part has for its text. */
  readonly room: number;
  readonly cutPiece: CutPiece;
}

/** A piece and its tokens, or smaller ones if it has too many for a part. */
function* measure(text: string, piece: Piece, options: MeasureOptions): Iterable<MeasuredPiece> {
  const tokens = options.countTokens(text.slice(piece.start, piece.end));
  if (tokens <= options.room) yield { ...piece, tokens };
  else yield* cutSmaller(text, { ...piece, tokens }, options);
}

function* cutSmaller(text: string, piece: MeasuredPiece, options: MeasureOptions): Iterable<MeasuredPiece> {
  if (isOneCharacter(text, piece)) {
    throw new OnnxPredictError('TEXT_TOO_LONG', `The text has a character that the model reads as ${piece.tokens} tokens.`);
  }
  const numPieces = Math.max(2, Math.ceil((PIECES_PER_PART * piece.tokens) / options.room));
  for (const smaller of options.cutPiece(text, piece, numPieces)) yield* measure(text, smaller, options);
}

/** Puts pieces together into parts. */
function packParts(text: string, pieces: MeasuredPiece[], options: DivideOptions & MeasureOptions): readonly TextPart[] {
  const { maxParts, room } = options;
  const parts: TextPart[] = [];
  let remaining = pieces.reduce((sum, { tokens }) => sum + tokens, 0);
  for (let first = 0; first < pieces.length; ) {
    if (parts.length === maxParts) throw tooManyParts(options.countInput(text), options);
    const target = remaining / Math.ceil(remaining / room);
    const { last, part } = fillPart(text, pieces, { ...options, first, target });
    parts.push(part);
    for (; first <= last; first++) remaining -= pieces[first]!.tokens;
  }
  return parts;
}

interface FillOptions extends DivideOptions, MeasureOptions {
  readonly first: number;
  readonly target: number;
}

/** A part that begins with the piece `first`: it is measured, and shortened until the model can read all of it. */
function fillPart(
  text: string,
  pieces: MeasuredPiece[],
  options: FillOptions,
): { readonly last: number; readonly part: TextPart } {
  const { first, target, countInput, maxInputTokens } = options;
  let { room } = options;
  let last = chooseLast(pieces, first, { room, target });
  for (let corrections = 0; ; corrections++) {
    const start = pieces[first]!.start;
    const end = pieces[last]!.end;
    const inputTokens = countInput(text.slice(start, end));
    const excess = inputTokens - maxInputTokens;
    if (excess <= 0) return { last, part: { start, end, inputTokens } };
    if (last === first) {
      // Beside the prefix it has more tokens than among other words.
      pieces.splice(first, 1, ...cutSmaller(text, pieces[first]!, options));
      last = first;
    } else if (corrections >= MAX_CORRECTIONS) last = (first + last) >> 1;
    else {
      room -= excess;
      last = Math.min(last - 1, chooseLast(pieces, first, { room, target }));
    }
  }
}

/** The last piece of a part: of those with which it is filled well the one with the best border, then the nearest to the target. */
function chooseLast(
  pieces: readonly MeasuredPiece[],
  first: number,
  { room, target }: { readonly room: number; readonly target: number },
): number {
  let fill = 0;
  let last = first;
  let best = { border: -1, distance: Infinity };
  for (let place = first; place < pieces.length; place++) {
    const { tokens, border } = pieces[place]!;
    fill += tokens;
    if (fill > room && place > first) break;
    const distance = Math.abs(fill - target);
    const isWellFilled = fill >= MIN_FILL * target;
    if (isWellFilled && (border < best.border || (border === best.border && distance >= best.distance))) continue;
    // Until it is well filled, the next one is better whatever its border.
    best = isWellFilled ? { border, distance } : { border: -1, distance: Infinity };
    last = place;
  }
  return last;
}

function isOneCharacter(text: string, { start, end }: Piece): boolean {
  return end - start <= (text.codePointAt(start)! > 0xffff ? 2 : 1);
}

function tooManyParts(inputTokens: number, { maxInputTokens, maxParts }: DivideOptions): OnnxPredictError {
  const problem = `The text has ${inputTokens} tokens, more than ${maxParts} parts of the ${maxInputTokens} that the model reads`;
  return new OnnxPredictError('TEXT_TOO_LONG', `${problem}; divide it, and summarize its parts.`);
}
