import { OnnxPredictError } from '../errors.ts';
import type { Decoder } from '../generation/decoder.ts';
import { type GenerationRequest, type GenerationResult, generate } from '../generation/generate.ts';
import { ignoredGenerationSettings, type ModelConfigs, resolveGenerationConfig } from '../generation/generation-config.ts';
import type { TextTokenizer } from '../preprocessing/tokenizer.ts';
import type {
  LocalSummarizer,
  SummarizationAnswer,
  SummarizationRequest,
  TextDivisionAnswer,
  TextDivisionRequest,
} from '../protocol.ts';
import { groupByLength } from './group-by-length.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { openDecoder } from './open-decoder.ts';
import { readJson } from './read-json.ts';
import type { StepContext } from './step-context.ts';
import { parseSummarizerConfig, type SummarizerConfig } from './summarizer-config.ts';
import type { OpenSession } from './tensor-session.ts';
import { divideForSummary } from './text-division.ts';
import { createTextStream } from './text-stream.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/** A text as the model reads it, under rules that are decided: nothing but the model can fail any more. */
interface PreparedText {
  readonly generation: GenerationRequest;
  readonly droppedTokens: number;
  readonly tokenizeMs: number;
  /** The last call about progress, with what was not told yet. */
  readonly finish: (summary: string, outputTokens: number) => void;
}

/** A text to summarize, and the way to stop it. */
interface SummaryRequest {
  readonly request: SummarizationRequest;
  readonly context: StepContext;
}

/** A loaded summarizer. */
export interface Summarizer {
  /** What the model's configuration asks for and is not done here. */
  readonly warnings: readonly string[];
  /** What a text takes that does not say how many beams it wants. */
  readonly numBeams: number;
  /**
   * Answers texts of similar length in one loop over the decoder's steps, each as it would be answered alone. Each promise settles
   * when its text is finished, or with the signal's reason once it is aborted.
   * @throws in each promise: OnnxPredictError INVALID_ARGUMENT, TEXT_TOO_LONG: for what cannot be done
   */
  summarize(requests: readonly SummaryRequest[]): readonly Promise<SummarizationAnswer>[];
  /**
   * The parts of a text that can be summarized one by one.
   * @throws OnnxPredictError INVALID_ARGUMENT, TEXT_TOO_LONG
   */
  divide(request: TextDivisionRequest, context: StepContext): TextDivisionAnswer;
  release(): Promise<void>;
}

interface LoadOptions {
  readonly numThreads: number;
  readonly openSession: OpenSession;
}

/** What a text is prepared and answered with. */
interface SummarizerParts {
  readonly tokenizer: TextTokenizer;
  readonly input: SummarizerConfig;
  readonly configs: ModelConfigs;
}

/**
 * Loads the summarizer and checks that its files fit together.
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export async function loadSummarizer(model: LocalSummarizer, options: LoadOptions): Promise<Summarizer> {
  const { files } = model;
  const config = await readJson(files.config, MAX_CONFIG_BYTES);
  const { generationConfig: path } = files;
  const generationConfig = path === null ? undefined : await readJson(path, MAX_CONFIG_BYTES);
  const tokenizer = await loadTokenizer(files);
  const input = parseSummarizerConfig(config, tokenizer.modelMaxLength, files.config);
  const { decoder, warnings, release } = await openDecoder(model, options);
  try {
    const parts = { tokenizer, input, configs: { config, generationConfig } };
    return {
      warnings: [...warnings, ...describeIgnored(ignoredGenerationSettings(parts.configs))],
      numBeams: resolveGenerationConfig({}, { ...parts.configs, defaults: {} }).numBeams,
      summarize: (requests) => summarizeTogether(requests, decoder, parts),
      divide: (request, { onStep }) => divideForSummary(request, { ...parts, onStep }),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function summarizeTogether(
  requests: readonly SummaryRequest[],
  decoder: Decoder,
  parts: SummarizerParts,
): readonly Promise<SummarizationAnswer>[] {
  const answers: Promise<SummarizationAnswer>[] = [];
  const prepared = new Map<number, PreparedText>();
  for (const [place, { request, context }] of requests.entries()) {
    try {
      prepared.set(place, prepareText(request, context, parts));
    } catch (error) {
      answers[place] = Promise.reject(error);
      // It is read when its turn comes.
      answers[place].catch(() => {});
    }
  }
  let before: Promise<unknown> = Promise.resolve();
  for (const places of groupByLength(prepared, ({ generation }) => generation.inputIds.length)) {
    const texts = places.map((place) => prepared.get(place)!);
    const started = before.then(() => ({
      results: generate(
        decoder,
        texts.map(({ generation }) => generation),
      ),
    }));
    before = started.then(({ results }) => Promise.allSettled(results));
    for (const [row, place] of places.entries()) {
      answers[place] = started.then(async ({ results }) => describeAnswer(await results[row]!, texts[row]!, parts.tokenizer));
    }
  }
  return answers;
}

function prepareText(
  { text, prefix, truncate, generation, defaults, withText }: SummarizationRequest,
  { signal, onStep }: StepContext,
  { tokenizer, input, configs }: SummarizerParts,
): PreparedText {
  const startMs = performance.now();
  const config = resolveGenerationConfig(generation, { ...configs, defaults });
  const maxTokens = input.maxInputTokens;
  const { ids: inputIds, droppedTokens } = tokenizer.encode((prefix ?? input.prefix) + text, { maxTokens });
  if (truncate === 'error' && droppedTokens > 0) {
    const problem = `The text has ${inputIds.length + droppedTokens} tokens, and the model reads ${maxTokens}`;
    throw new OnnxPredictError('TEXT_TOO_LONG', `${problem}; shorten it, or have it summarized in parts with truncate "chunk".`);
  }
  const stream = createTextStream(tokenizer.startDecoding({ skipSpecialTokens: true }));
  const { maxLength } = config;
  return {
    generation: {
      inputIds,
      config,
      signal,
      onStep: ({ numTokens, finalIds }) => {
        onStep({ outputTokens: numTokens, maxLength, text: withText ? stream.advance(finalIds) : '' });
      },
    },
    droppedTokens,
    tokenizeMs: performance.now() - startMs,
    finish: (summary, outputTokens) => {
      if (withText) onStep({ outputTokens, maxLength, text: stream.end(summary) });
    },
  };
}

function describeAnswer(
  { sequences, timings }: GenerationResult,
  { generation, droppedTokens, tokenizeMs, finish }: PreparedText,
  tokenizer: TextTokenizer,
): SummarizationAnswer {
  const summaries = sequences.map((sequence) => ({ summary: decodeSummary(tokenizer, sequence.outputIds), ...sequence }));
  finish(summaries[0]!.summary, summaries[0]!.outputIds.length);
  return {
    task: 'summarization',
    inputTokens: generation.inputIds.length,
    droppedTokens,
    sequences: summaries,
    timings: { tokenizeMs, ...timings },
  };
}

function describeIgnored(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`its configuration sets ${names.join(', ')}, which is not followed here`];
}

/** As the reference pipeline decodes: without special tokens, spaces as they are. */
function decodeSummary(tokenizer: TextTokenizer, outputIds: readonly number[]): string {
  return tokenizer.decode(outputIds, { skipSpecialTokens: true, cleanUpSpaces: false });
}
