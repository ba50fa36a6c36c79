import { OnnxPredictError } from '../errors.ts';
import { type EarlyStopping, type GenerationOptions, MAX_NUM_BEAMS } from '../schemas.ts';
import { checkGenerationOptions } from './check-generation-options.ts';
import { integer, isRecord, legacyConfig, readSettings, type Settings, unsupportedSettings } from './configured-settings.ts';

/** The rules of one generation, every one decided. Lengths count decoder tokens, the start token included. */
export interface GenerationConfig {
  readonly minLength: number;
  readonly maxLength: number;
  /** 1 is greedy. */
  readonly numBeams: number;
  readonly numReturnSequences: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: EarlyStopping;
  /** 0: off. */
  readonly noRepeatNgramSize: number;
  /** 1: off. */
  readonly repetitionPenalty: number;
  readonly badWordsIds: readonly (readonly number[])[];
  readonly decoderStartTokenId: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
  readonly forcedBosTokenId: number | null;
  readonly forcedEosTokenIds: readonly number[];
}

/** The files of a model that say how it generates, parsed; `generationConfig` is undefined where there is no such file. */
export interface ModelConfigs {
  readonly config: unknown;
  readonly generationConfig: unknown;
}

/** Where rules come from that the request does not decide. */
interface GenerationSources extends ModelConfigs {
  /** The caller's own defaults: they win over the model's configuration, and are clamped as that is. */
  readonly defaults?: GenerationOptions | undefined;
}

type Layer = GenerationOptions | Settings;

// transformers generates 20 tokens after the start token where nothing else is said.
const DEFAULT_MAX_LENGTH = 21;
/** For models with relative positions (T5), which have no limit of their own. */
const MAX_RELATIVE_LENGTH = 4096;

/**
 * Decides every rule: the request's over the caller's defaults over task_specific_params.summarization over
 * generation_config.json (without one, config.json's legacy fields) over transformers' defaults. What the request does not say
 * is clamped to the model and to the request; null in a request switches the rule off.
 * @throws OnnxPredictError INVALID_ARGUMENT for impossible values of the request; MODEL_INVALID without a start token
 */
export function resolveGenerationConfig(
  request: GenerationOptions,
  { config, generationConfig, defaults = {} }: GenerationSources,
): GenerationConfig {
  const fields = isRecord(config) ? config : {};
  const vocabSize = integer(fields['vocab_size'], 1) ?? null;
  const maxPositions = integer(fields['max_position_embeddings'], 2) ?? MAX_RELATIVE_LENGTH;
  const layers: readonly Layer[] = [
    request,
    defaults,
    readSettings(taskParams(fields), vocabSize),
    readSettings(generationConfig ?? legacyConfig(fields), vocabSize),
  ];
  const numBeams = Math.min(pick(layers, 'numBeams') ?? 1, MAX_NUM_BEAMS);
  const maxLength = clamp(resolveLength(layers, 'maxLength', 'maxNewTokens') ?? DEFAULT_MAX_LENGTH, 2, maxPositions);
  const minLength = resolveLength(layers, 'minLength', 'minNewTokens') ?? 0;
  checkGenerationOptions(request, { numBeams, maxLength, maxPositions, vocabSize });
  return {
    minLength: Math.min(minLength, maxLength),
    maxLength,
    numBeams,
    numReturnSequences: Math.min(pick(layers, 'numReturnSequences') ?? 1, numBeams),
    lengthPenalty: pick(layers, 'lengthPenalty') ?? 1,
    earlyStopping: pick(layers, 'earlyStopping') ?? false,
    noRepeatNgramSize: pick(layers, 'noRepeatNgramSize') ?? 0,
    repetitionPenalty: pick(layers, 'repetitionPenalty') ?? 1,
    badWordsIds: pick(layers, 'badWordsIds') ?? [],
    forcedBosTokenId: pick(layers, 'forcedBosTokenId') ?? null,
    forcedEosTokenIds: list(pick(layers, 'forcedEosTokenId')),
    // Some generation_config.json lack these, and nothing works without them.
    ...specialTokens([...layers, readSettings(fields, vocabSize)]),
  };
}

/** The names of rules that the model's files switch on and that are not followed here; for a warning. */
export function ignoredGenerationSettings({ config, generationConfig }: ModelConfigs): readonly string[] {
  const task = isRecord(config) ? taskParams(config) : undefined;
  return [...new Set([...unsupportedSettings(task), ...unsupportedSettings(generationConfig ?? config)])];
}

function taskParams(config: Readonly<Record<string, unknown>>): unknown {
  const tasks = config['task_specific_params'];
  return isRecord(tasks) ? tasks['summarization'] : undefined;
}

/** The first layer's value that is said at all; null where it says that the rule is off. */
function pick<K extends keyof GenerationOptions>(layers: readonly Layer[], name: K): GenerationOptions[K] {
  return layers.find((layer) => layer[name] !== undefined)?.[name];
}

/** A count of new tokens wins over a length that the same layer gives, and either over what the layers below say. */
function resolveLength(
  layers: readonly Layer[],
  length: 'minLength' | 'maxLength',
  newTokens: 'minNewTokens' | 'maxNewTokens',
): number | undefined {
  let newTokensOff = false;
  for (const layer of layers) {
    const count = layer[newTokens];
    if (count === null) newTokensOff = true;
    else if (count !== undefined && !newTokensOff) return count + 1;
    const value = layer[length];
    if (value !== undefined) return value ?? undefined;
  }
  return undefined;
}

function specialTokens(layers: readonly Layer[]) {
  const decoderStartTokenId = pick(layers, 'decoderStartTokenId') ?? pick(layers, 'bosTokenId');
  if (decoderStartTokenId === undefined || decoderStartTokenId === null) {
    const message = "The model's config.json names neither decoder_start_token_id nor bos_token_id; fetch the model again.";
    throw new OnnxPredictError('MODEL_INVALID', message);
  }
  const eosTokenIds = list(pick(layers, 'eosTokenId'));
  return { decoderStartTokenId, eosTokenIds, padTokenId: pick(layers, 'padTokenId') ?? eosTokenIds[0] ?? 0 };
}

function list(value: number | readonly number[] | null | undefined): readonly number[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'number' ? [value] : value;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(value, max));
}
