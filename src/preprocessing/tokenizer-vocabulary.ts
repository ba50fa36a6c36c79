import { OnnxPredictError } from '../errors.ts';
import type { BpeSettings } from './bpe-model.ts';
import type { UnigramSettings } from './unigram-model.ts';

/** Above the largest id of a token, and how many there may be: the largest vocabularies in use have 256,000. */
export const MAX_TOKENS = 2 ** 20;
/** GPT-2's longest token has 128 characters. The time that a text takes grows with the longest one. */
export const MAX_TOKEN_LENGTH = 512;
/** All pieces together; mT5's 250,000 have about 1.5 million. */
const MAX_PIECE_CHARACTERS = 8_000_000;

/** The field `model` of a tokenizer.json. */
export type ModelSettings = ({ readonly type: 'Unigram' } & UnigramSettings) | ({ readonly type: 'BPE' } & BpeSettings);

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the field `model`. By hand, because a schema is slow on a hundred thousand entries and leaves out tokens such as
 * "constructor".
 * @throws OnnxPredictError MODEL_INVALID naming the entry
 */
export function readModel(model: unknown, source: string): ModelSettings {
  if (!isObject(model)) throw invalid(source, 'has no model');
  // Files of before 2021 do not name the type.
  const type = model['type'] ?? (Array.isArray(model['vocab']) ? 'Unigram' : 'BPE');
  if (type === 'Unigram') return readUnigram(model, source);
  if (type === 'BPE') return readBpe(model, source);
  throw invalid(source, `has model.type ${show(type)}; Unigram (T5, mBART) and BPE (BART) are what can be run`);
}

function readUnigram({ vocab, unk_id, byte_fallback }: JsonObject, source: string): ModelSettings {
  if (!Array.isArray(vocab) || vocab.length === 0) throw invalid(source, 'has a model.vocab that is no list of pieces');
  checkSize(vocab.length, source);
  const pieces = vocab.map((entry: unknown, id): readonly [string, number] => {
    const [piece, score] = Array.isArray(entry) && entry.length === 2 ? entry : [];
    if (isTokenText(piece) && typeof score === 'number' && Number.isFinite(score)) return [piece, score];
    throw invalid(source, `has entry ${id} of model.vocab that is not [piece of up to ${MAX_TOKEN_LENGTH} characters, score]`);
  });
  const numCharacters = pieces.reduce((sum, [piece]) => sum + piece.length, 0);
  if (numCharacters > MAX_PIECE_CHARACTERS) {
    throw invalid(source, `has ${numCharacters} characters in model.vocab; at most ${MAX_PIECE_CHARACTERS} are read`);
  }
  if (!isId(unk_id) || unk_id >= pieces.length) throw invalid(source, `has model.unk_id ${show(unk_id)}, which is no piece's`);
  return { type: 'Unigram', pieces, unkId: unk_id, byteFallback: byte_fallback === true };
}

function readBpe(model: JsonObject, source: string): ModelSettings {
  for (const name of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout', 'byte_fallback', 'ignore_merges']) {
    // What byte-level models leave at null, '' or false; anything else would change ids.
    if (model[name]) throw invalid(source, `has model.${name} ${show(model[name])}, which byte-level BPE does not have`);
  }
  const vocab = readBpeVocab(model['vocab'], source);
  const { unk_token, fuse_unk } = model;
  const unkId = typeof unk_token === 'string' ? vocab.get(unk_token) : null;
  if (unkId === undefined) throw invalid(source, `has model.unk_token ${show(unk_token)}, which is not in its vocabulary`);
  return { type: 'BPE', vocab, merges: readMerges(model['merges'], vocab, source), unkId, fuseUnk: fuse_unk === true };
}

function readBpeVocab(vocab: unknown, source: string): ReadonlyMap<string, number> {
  if (!isObject(vocab)) throw invalid(source, 'has a model.vocab that is no object of tokens');
  const tokens = Object.keys(vocab);
  if (tokens.length === 0) throw invalid(source, 'has an empty model.vocab');
  checkSize(tokens.length, source);
  const ids = new Map<string, number>();
  for (const token of tokens) {
    const id = vocab[token];
    if (!isTokenText(token) || !isId(id)) {
      const limits = `ids go to ${MAX_TOKENS - 1}, tokens to ${MAX_TOKEN_LENGTH} characters`;
      throw invalid(source, `has ${show(token)}: ${show(id)} in model.vocab; ${limits}`);
    }
    ids.set(token, id);
  }
  return ids;
}

function readMerges(merges: unknown, vocab: ReadonlyMap<string, number>, source: string): Int32Array {
  if (!Array.isArray(merges)) throw invalid(source, 'has no list model.merges');
  checkSize(merges.length, source);
  const triples = new Int32Array(merges.length * 3);
  for (const [rank, merge] of merges.entries()) {
    const [left, right] = readPair(merge) ?? ['', ''];
    const ids = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    for (const [i, id] of ids.entries()) {
      if (id === undefined) {
        throw invalid(source, `has entry ${rank} of model.merges that does not join two tokens of its vocabulary to a third`);
      }
      triples[rank * 3 + i] = id;
    }
  }
  return triples;
}

/** "a b", or ["a", "b"] in files of 2024 and later. */
function readPair(merge: unknown): readonly [left: string, right: string] | null {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ');
    return space === -1 || merge.includes(' ', space + 1) ? null : [merge.slice(0, space), merge.slice(space + 1)];
  }
  if (!Array.isArray(merge) || merge.length !== 2) return null;
  const [left, right]: readonly unknown[] = merge;
  return typeof left === 'string' && typeof right === 'string' ? [left, right] : null;
}

function checkSize(numEntries: number, source: string): void {
  if (numEntries > MAX_TOKENS) throw invalid(source, `has ${numEntries} entries in its model; at most ${MAX_TOKENS} are read`);
}

function isTokenText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH;
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_TOKENS;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value for a message: an object could be too deep to print. */
function show(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'that is an object' : String(JSON.stringify(value)).slice(0, 80);
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
