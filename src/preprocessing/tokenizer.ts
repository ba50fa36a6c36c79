import { OnnxPredictError } from '../errors.ts';
import { createBpeModel } from './bpe-model.ts';
import { collectTokens } from './collect-tokens.ts';
import { createPreTokenizer } from './pre-tokenizer.ts';
import { createSectionSplitter } from './section-splitter.ts';
import { createTemplate } from './special-token-template.ts';
import { createTextNormalizer } from './text-normalizer.ts';
import { cleanUpSpaces, createTokenDecoder } from './token-decoder.ts';
import { rememberWords } from './token-model.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';
import { parseTokenizerJson, type TokenizerJson } from './tokenizer-schema.ts';
import { truncateIds } from './truncate-ids.ts';
import { createUnigramModel } from './unigram-model.ts';

/** A text as ids, and how many tokens of it are not among them. */
interface TokenizedText {
  /** Start and end token included. */
  readonly ids: readonly number[];
  readonly droppedTokens: number;
}

/** Text to ids and back, equal to Python's `tokenizers` and transformers 5. */
export interface TextTokenizer {
  /** One more than the largest id; a model's own vocabulary may be smaller (BART's `<mask>`) or larger (T5's padding). */
  readonly vocabSize: number;
  /** `model_max_length` of tokenizer_config.json; null if it says none. */
  readonly modelMaxLength: number | null;
  /** The id of one token, such as "<unk>". */
  tokenId(token: string): number | undefined;
  /** The vocabulary's text of an id, such as "▁the". */
  tokenText(id: number): string | undefined;
  /**
   * As `tokenizer(text, truncation=True, max_length=maxTokens)`: what is too long is cut before the end token. The count of what
   * was dropped is exact, whatever the length, and time is near-linear in it. A lone surrogate, which Python cannot encode, counts
   * as U+FFFD.
   * @param maxTokens special tokens included; null: no limit
   * @throws OnnxPredictError INVALID_ARGUMENT if not even the special tokens fit
   */
  encode(text: string, options: { readonly maxTokens: number | null }): TokenizedText;
  /**
   * As `tokenizer.decode(ids)`; ids that stand for no token are left out.
   * @param cleanUpSpaces by default what tokenizer_config.json says; never done for BPE, as in transformers 5
   */
  decode(ids: readonly number[], options: { readonly skipSpecialTokens: boolean; readonly cleanUpSpaces?: boolean }): string;
  /** Decodes ids as they come, as `decode()` without `cleanUpSpaces`: all parts together are the text. */
  startDecoding(options: { readonly skipSpecialTokens: boolean }): TextDecoding;
}

/** A text that grows with the ids that are added. */
export interface TextDecoding {
  /** What these ids add to the text: whole characters, which no later id changes. */
  add(ids: Iterable<number>): string;
  /** What is left of a character that was cut off. */
  end(): string;
}

/** The parsed JSON of a model's tokenizer files; null stands for a file that is not there. */
export interface TokenizerFiles {
  readonly tokenizer: unknown;
  readonly tokenizerConfig: unknown;
  readonly specialTokensMap: unknown;
}

/**
 * Builds the tokenizer of a T5-family (Unigram) or BART-family (byte-level BPE) model.
 * @param source the file's name, for messages
 * @throws OnnxPredictError MODEL_INVALID naming the file, the field and what is wrong with it
 */
export function createTextTokenizer(files: TokenizerFiles, source: string): TextTokenizer {
  const json = parseTokenizerJson(files.tokenizer, source);
  const config = parseTokenizerConfig(files.tokenizerConfig, files.specialTokensMap, source);
  checkByteLevel(json, source);
  const model = rememberWords(json.model.type === 'BPE' ? createBpeModel(json.model) : createUnigramModel(json.model));
  const normalize = createTextNormalizer(json.normalizer, source);
  const tokens = collectTokens(json, { config, idOf: model.idOf, normalize }, source);
  const split = createSectionSplitter([...tokens.added.values()], normalize);
  const preTokenize = createPreTokenizer(json.preTokenizer, config.addPrefixSpace);
  const { before, after } = createTemplate(json.postProcessor);
  const startJoining = createTokenDecoder(json.decoder);

  function* idLists(text: string): Iterable<readonly number[]> {
    for (const section of split(text.replace(/\p{Surrogate}/gu, '\ufffd'))) {
      if (section.kind === 'token') yield [section.id];
      else for (const word of preTokenize(section.text, section.isStart)) yield model.encode(word);
    }
  }

  function startDecoding({ skipSpecialTokens }: { readonly skipSpecialTokens: boolean }): TextDecoding {
    const joiner = startJoining();
    const textsOf = (ids: Iterable<number>) =>
      Array.from(ids, (id) => tokens.texts[id])
        .filter((token) => token !== undefined)
        .filter((token) => !(skipSpecialTokens && tokens.special.has(token)));
    return { add: (ids) => joiner.add(textsOf(ids)), end: joiner.end };
  }

  return {
    vocabSize: tokens.texts.length,
    modelMaxLength: config.modelMaxLength,
    tokenId: (token) => tokens.added.get(token)?.id ?? model.idOf(token),
    tokenText: (id) => tokens.texts[id],
    encode(text, { maxTokens }) {
      const room = (maxTokens ?? Infinity) - before.length - after.length;
      if (!(room >= 0)) {
        const problem = `maxTokens is ${maxTokens}, but the ${before.length + after.length} special tokens alone need more`;
        throw new OnnxPredictError('INVALID_ARGUMENT', `${problem}; raise it.`);
      }
      const { kept, droppedTokens } = truncateIds(idLists(text), room, config.truncationSide);
      return { ids: [...before, ...kept, ...after], droppedTokens };
    },
    startDecoding,
    decode(ids, { skipSpecialTokens, cleanUpSpaces: cleans = config.cleanUpSpaces }) {
      const decoding = startDecoding({ skipSpecialTokens });
      const joined = decoding.add(ids) + decoding.end();
      return cleans && json.model.type !== 'BPE' ? cleanUpSpaces(joined) : joined;
    },
  };
}

/** Byte-level BPE works only from ByteLevel's words and into its decoder. */
function checkByteLevel({ model, preTokenizer, decoder }: TokenizerJson, source: string): void {
  const isByteLevel = model.type === 'BPE';
  const cutsBytes = preTokenizer.at(-1)?.type === 'ByteLevel';
  if (cutsBytes === isByteLevel && (decoder?.type === 'ByteLevel') === isByteLevel) return;
  const problem = `has a ${model.type} model with pre_tokenizer ${preTokenizer.at(-1)?.type} and decoder ${decoder?.type}`;
  throw new OnnxPredictError('MODEL_INVALID', `${source} ${problem}; BPE goes with ByteLevel, Unigram without.`);
}
