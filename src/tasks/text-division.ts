import { type ModelConfigs, resolveGenerationConfig } from '../generation/generation-config.ts';
import { MAX_TEXT_PARTS } from '../limits.ts';
import type { TextTokenizer } from '../preprocessing/tokenizer.ts';
import type { TextDivisionAnswer, TextDivisionRequest } from '../protocol.ts';
import { divideText } from './divide-text.ts';
import type { StepContext } from './step-context.ts';
import type { SummarizerConfig } from './summarizer-config.ts';

/** What a text is read with. */
interface TextReader extends Pick<StepContext, 'onStep'> {
  readonly tokenizer: TextTokenizer;
  readonly input: SummarizerConfig;
  readonly configs: ModelConfigs;
}

/**
 * The parts of a text that a summarizer can read, and the lengths that its summary may have.
 * @throws OnnxPredictError INVALID_ARGUMENT for rules that cannot be followed; TEXT_TOO_LONG
 */
export function divideForSummary(
  { text, prefix, generation, defaults }: TextDivisionRequest,
  { tokenizer, input, configs, onStep }: TextReader,
): TextDivisionAnswer {
  const startMs = performance.now();
  const { minLength, maxLength } = resolveGenerationConfig(generation, { ...configs, defaults });
  const { maxInputTokens } = input;
  const numSpecial = tokenizer.encode('', { maxTokens: null }).ids.length;
  // Only a count is wanted: ids beyond it are not kept.
  const count = (given: string) => {
    const { ids, droppedTokens } = tokenizer.encode(given, { maxTokens: maxInputTokens });
    return ids.length + droppedTokens;
  };
  const parts = divideText(text, {
    countTokens: (stretch) => count(stretch) - numSpecial,
    countInput: (part) => {
      // Each part is a sign of life: a long text takes its time.
      onStep();
      return count((prefix ?? input.prefix) + part);
    },
    maxInputTokens,
    maxParts: MAX_TEXT_PARTS,
  });
  return {
    task: 'text-division',
    parts,
    lengths: { minLength, maxLength, maxInputTokens },
    timings: { tokenizeMs: performance.now() - startMs },
  };
}
