import { describe, expect, test } from 'vitest';
import { createTextTokenizer } from '../../../src/preprocessing/tokenizer.ts';
import { readFixture } from './read-fixture.ts';

type Json = Record<string, unknown>;
const BART = readFixture('tiny-bart').tokenizer as Json;
const T5 = readFixture('tiny-t5').tokenizer as Json;
const bpe = BART['model'] as Json;
const unigram = T5['model'] as Json;
const CATASTROPHE = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' };
const deep: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000));

function refusal(tokenizer: unknown, tokenizerConfig: unknown = null, specialTokensMap: unknown = null): string {
  try {
    createTextTokenizer({ tokenizer, tokenizerConfig, specialTokensMap }, 'folder/tokenizer.json');
    return 'accepted';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code}: ${message}`;
  }
}

describe('tokenizer.json is refused by name with', () => {
  test.each<[what: string, tokenizer: unknown, problem: string]>([
    ['a list', [], 'is not a JSON object'],
    ['nothing', null, 'is not a JSON object'],
    ['no model', { ...BART, model: undefined }, 'no model'],
    ['WordPiece', { ...BART, model: { ...bpe, type: 'WordPiece' } }, 'model.type "WordPiece"'],
    ['a type that is no text', { ...BART, model: { ...bpe, type: deep } }, 'model.type that is an object'],
    ['no vocabulary', { ...BART, model: { ...bpe, vocab: null } }, 'model.vocab that is no object'],
    ['an empty vocabulary', { ...BART, model: { ...bpe, vocab: {} } }, 'empty model.vocab'],
    ['a negative id', { ...BART, model: { ...bpe, vocab: { a: -1 } } }, '"a": -1 in model.vocab'],
    ['an id that is no integer', { ...BART, model: { ...bpe, vocab: { a: 1.5 } } }, '"a": 1.5 in model.vocab'],
    ['an absurd id', { ...BART, model: { ...bpe, vocab: { a: 1e15 } } }, '"a": 1000000000000000 in model.vocab'],
    ['an endless token', { ...BART, model: { ...bpe, vocab: { ['a'.repeat(513)]: 1 } } }, 'tokens to 512 characters'],
    ['no merges', { ...BART, model: { ...bpe, merges: {} } }, 'no list model.merges'],
    ['a merge of unknown tokens', { ...BART, model: { ...bpe, merges: ['Ġ nonsense'] } }, 'entry 0 of model.merges'],
    ['a merge of one', { ...BART, model: { ...bpe, merges: ['a'] } }, 'entry 0 of model.merges'],
    ['a merge of three', { ...BART, model: { ...bpe, merges: ['a b c'] } }, 'entry 0 of model.merges'],
    ['a merge of numbers', { ...BART, model: { ...bpe, merges: [[1, 2]] } }, 'entry 0 of model.merges'],
    ['endless merges', { ...BART, model: { ...bpe, merges: new Array(2 ** 20 + 1) } }, '1048577 entries'],
    ['an unknown unk_token', { ...BART, model: { ...bpe, unk_token: '<none>' } }, 'model.unk_token "<none>"'],
    ['dropout', { ...BART, model: { ...bpe, dropout: 0.1 } }, 'model.dropout 0.1'],
    ['a suffix of words', { ...BART, model: { ...bpe, end_of_word_suffix: '</w>' } }, 'model.end_of_word_suffix "</w>"'],
    ['pieces as an object', { ...T5, model: { ...unigram, vocab: {} } }, 'no list of pieces'],
    ['no pieces', { ...T5, model: { ...unigram, vocab: [] } }, 'no list of pieces'],
    ['endless pieces', { ...T5, model: { ...unigram, vocab: new Array(2 ** 20 + 1) } }, '1048577 entries'],
    ['a piece without score', { ...T5, model: { ...unigram, vocab: [['a']] } }, 'entry 0 of model.vocab'],
    ['a score that is no number', { ...T5, model: { ...unigram, vocab: [['a', '1']] } }, 'entry 0 of model.vocab'],
    ['an endless piece', { ...T5, model: { ...unigram, vocab: [['a'.repeat(513), 0]] } }, 'entry 0 of model.vocab'],
    [
      'pieces of many characters',
      { ...T5, model: { ...unigram, vocab: new Array(16_000).fill(['a'.repeat(512), 0]) } },
      '8192000 characters',
    ],
    ['no unk_id', { ...T5, model: { ...unigram, unk_id: null } }, 'model.unk_id null'],
    ['an unk_id beyond the pieces', { ...T5, model: { ...unigram, unk_id: 1e9 } }, 'model.unk_id 1000000000'],
    ['a pattern to split at', { ...BART, pre_tokenizer: CATASTROPHE }, 'pre_tokenizer.0.type "Split"'],
    [
      'it in a sequence',
      { ...BART, pre_tokenizer: { type: 'Sequence', pretokenizers: [CATASTROPHE] } },
      'pre_tokenizer.0.type "Split"',
    ],
    ['a sequence of nothing', { ...BART, pre_tokenizer: { type: 'Sequence' } }, 'pre_tokenizer undefined'],
    [
      'a sequence in a sequence',
      { ...BART, pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Sequence' }] } },
      '"Sequence"',
    ],
    [
      'endless steps',
      { ...T5, normalizer: { type: 'Sequence', normalizers: new Array(17).fill({ type: 'Lowercase' }) } },
      'normalizer 17',
    ],
    ['a pre-tokenizer deep in lists', { ...BART, pre_tokenizer: deep }, 'pre_tokenizer.0.type undefined'],
    ['BPE without bytes', { ...BART, pre_tokenizer: { type: 'WhitespaceSplit' } }, 'BPE goes with ByteLevel'],
    ['BPE without decoder', { ...BART, decoder: null }, 'BPE goes with ByteLevel'],
    ['Unigram of bytes', { ...T5, pre_tokenizer: BART['pre_tokenizer'] }, 'Unigram without'],
    ['a normalizer of another kind', { ...T5, normalizer: { type: 'Nmt' } }, 'normalizer.0.type "Nmt"'],
    [
      'a pattern to replace',
      { ...T5, normalizer: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' } },
      'normalizer.0',
    ],
    [
      'a replacement to blow up',
      { ...T5, normalizer: { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(65) } },
      'normalizer.0.content',
    ],
    [
      'an empty text to replace',
      { ...T5, normalizer: { type: 'Replace', pattern: { String: '' }, content: 'a' } },
      'normalizer.0',
    ],
    ['no charsmap', { ...T5, normalizer: { type: 'Precompiled' } }, 'normalizer.0.precompiled_charsmap undefined'],
    [
      'an empty charsmap',
      { ...T5, normalizer: { type: 'Precompiled', precompiled_charsmap: '' } },
      'precompiled_charsmap that is cut off',
    ],
    ['a cut-off charsmap', { ...T5, normalizer: { type: 'Precompiled', precompiled_charsmap: 'ALwCAACE' } }, 'cut off'],
    ['tokens that are no list', { ...BART, added_tokens: { a: 1 } }, 'added_tokens Object'],
    ['endless added tokens', { ...BART, added_tokens: new Array(10_001).fill({ id: 1, content: 'a' }) }, 'added_tokens 10001'],
    ['a token without id', { ...BART, added_tokens: [{ content: 'a' }] }, 'added_tokens.0.id undefined'],
    ['a token with an absurd id', { ...BART, added_tokens: [{ id: 2 ** 20, content: 'a' }] }, 'added_tokens.0.id 1048576'],
    ['an empty token', { ...BART, added_tokens: [{ id: 1, content: '' }] }, 'added_tokens.0.content'],
    ['an endless added token', { ...BART, added_tokens: [{ id: 1, content: 'a'.repeat(513) }] }, 'added_tokens.0.content'],
    [
      'a trait that is no flag',
      { ...BART, added_tokens: [{ id: 1, content: 'a', lstrip: 'yes' }] },
      'added_tokens.0.lstrip "yes"',
    ],
    ['a decoder of another kind', { ...BART, decoder: { type: 'CTC' } }, 'decoder.type "CTC"'],
    ['a replacement of several characters', { ...T5, decoder: { type: 'Metaspace', replacement: '__' } }, 'decoder.replacement'],
    [
      'an unknown prepend scheme',
      { ...T5, decoder: { type: 'Metaspace', prepend_scheme: 'often' } },
      'decoder.prepend_scheme "often"',
    ],
    ['a post-processor of another kind', { ...BART, post_processor: { type: 'Other' } }, 'post_processor.0.type "Other"'],
    [
      'a template without tokens',
      { ...T5, post_processor: { type: 'TemplateProcessing', single: [] } },
      'post_processor.0.special_tokens',
    ],
    [
      'a template of pairs',
      { ...T5, post_processor: { type: 'TemplateProcessing', single: [{ Sequence: { id: 'B' } }], special_tokens: {} } },
      'post_processor.0.single.0',
    ],
    [
      'a start token without id',
      { ...BART, post_processor: { type: 'RobertaProcessing', cls: ['<s>'], sep: ['</s>', 2] } },
      'post_processor.0.cls',
    ],
  ])('%s', (_, tokenizer, problem) => {
    expect(refusal(tokenizer)).toMatch(/^MODEL_INVALID: folder\/tokenizer\.json /);
    expect(refusal(tokenizer)).toContain(problem);
  });
});

describe('tokenizer_config.json is refused with', () => {
  test.each<[what: string, config: unknown, problem: string]>([
    ['a list', [1], 'is a list'],
    ['a text', 'text', 'as a whole "text"'],
    ['a length that is no number', { model_max_length: '512' }, 'model_max_length "512"'],
    ['a length of nothing', { model_max_length: 0 }, 'model_max_length'],
    ['a side that is none', { truncation_side: 'middle' }, 'truncation_side "middle"'],
    ['a token that is no text', { eos_token: 7 }, 'eos_token'],
    ['an endless token', { eos_token: 'a'.repeat(513) }, 'eos_token'],
    ['endless tokens', { additional_special_tokens: new Array(1001).fill('a') }, 'additional_special_tokens 1001'],
    ['an id that is none', { added_tokens_decoder: { x: 'a' } }, 'added_tokens_decoder.x'],
    ['an absurd id', { added_tokens_decoder: { 9999999: 'a' } }, 'added_tokens_decoder.9999999'],
    ['a flag that is none', { add_prefix_space: 'yes' }, 'add_prefix_space "yes"'],
  ])('%s', (_, config, problem) => {
    expect(refusal(BART, config)).toMatch(/^MODEL_INVALID: folder\/tokenizer\.json \(tokenizer_config\.json\) /);
    expect(refusal(BART, config)).toContain(problem);
  });

  test('and so is special_tokens_map.json', () => {
    expect(refusal(BART, null, { eos_token: 7 })).toContain('(special_tokens_map.json) has eos_token');
  });
});

test('a charsmap that points outside itself replaces nothing, and one with endless replacements is refused', () => {
  const charsmap = (units: number[], replacements: Buffer) => {
    const head = Buffer.alloc(4 + units.length * 4);
    head.writeUInt32LE(units.length * 4);
    for (const [i, unit] of units.entries()) head.writeUInt32LE(unit, 4 + i * 4);
    return {
      ...T5,
      normalizer: { type: 'Precompiled', precompiled_charsmap: Buffer.concat([head, replacements]).toString('base64') },
    };
  };
  const files = { tokenizer: charsmap([0xfffffc00, 0x1ff], Buffer.from('a\0')), tokenizerConfig: null, specialTokensMap: null };
  const plain = createTextTokenizer({ ...files, tokenizer: { ...T5, normalizer: null } }, 'plain');
  const tokenizer = createTextTokenizer(files, 'changed');
  for (const text of ['a text', 'é\u0301', '\0']) {
    expect(tokenizer.encode(text, { maxTokens: null })).toEqual(plain.encode(text, { maxTokens: null }));
  }
  expect(refusal(charsmap([0], Buffer.from(`${'a'.repeat(257)}\0`)))).toContain('replaces a character by 257 bytes');
});
