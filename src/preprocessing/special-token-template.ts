import type { PostProcessorStep } from './tokenizer-schema.ts';

/** The ids that stand before and after those of a text, BART's `<s>` and `</s>`. */
export interface SpecialTokenTemplate {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What a tokenizer.json's post-processor puts around one text. */
export function createTemplate(steps: readonly PostProcessorStep[]): SpecialTokenTemplate {
  return steps.map(stepTemplate).reduce(
    (inner, outer) => ({
      before: [...outer.before, ...inner.before],
      after: [...inner.after, ...outer.after],
    }),
    { before: [], after: [] },
  );
}

function stepTemplate(step: PostProcessorStep): SpecialTokenTemplate {
  if (step.type === 'ByteLevel') return { before: [], after: [] };
  if (step.type !== 'TemplateProcessing') return { before: [step.cls[1]], after: [step.sep[1]] };
  const before: number[] = [];
  const after: number[] = [];
  let side = before;
  for (const item of step.single) {
    if ('Sequence' in item) side = after;
    else side.push(...(step.special_tokens[item.SpecialToken.id]?.ids ?? []));
  }
  return { before, after };
}
