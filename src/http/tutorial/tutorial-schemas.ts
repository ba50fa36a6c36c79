import * as v from 'valibot';
import { DtypeSchema, TruncateSchema } from '../../schemas.ts';

/** What a caller may ask of the length of a summary: as many positions as the largest built-in model has. */
export const MAX_SUMMARY_LENGTH = 1024;
/** As many labels as the ImageNet models know. */
const MAX_TOP = 1000;

const verboseSchema = v.optional(
  v.pipe(v.boolean(), v.title('Verbose'), v.description('Add scores, the model and timings to the answer.')),
  false,
);

const modelSchema = v.pipe(
  v.object({
    id: v.pipe(v.string(), v.description('The alias of the model.')),
    revision: v.pipe(v.nullable(v.string()), v.description('The commit on the Hugging Face Hub; null for local models.')),
    dtype: DtypeSchema,
  }),
  v.title('Model'),
  v.description('Which model answered. Only with verbose.'),
);

const milliseconds = v.number();
const count = v.pipe(v.number(), v.integer());

/** The query of the image route. */
export const ClassifyQuerySchema = v.object({
  verbose: verboseSchema,
  top: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(MAX_TOP),
      v.title('Top'),
      v.description('Add this many of the best labels to the answer, with all that verbose adds.'),
    ),
  ),
  min_confidence: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(1),
      v.title('Min Confidence'),
      v.description('Below this score the label is null. Adds the score and the best labels to the answer.'),
    ),
  ),
});

/** A form with a picture. */
export const ClassifyFormSchema = v.pipe(
  v.object({
    file: v.pipe(v.string(), v.metadata({ contentMediaType: 'application/octet-stream' }), v.title('File')),
  }),
  v.title('Body_predict_img_class_predict_image_classes_post'),
);

export const ClassificationSchema = v.pipe(
  v.object({
    class_label: v.pipe(
      v.nullable(v.string()),
      v.description('The name of what is in the picture; null if its score is below min_confidence.'),
    ),
    score: v.optional(v.pipe(v.number(), v.description('Between 0 and 1. Only with verbose, top or min_confidence.'))),
    top: v.optional(
      v.pipe(
        v.array(v.object({ label: v.string(), score: v.number(), index: count })),
        v.description('The best labels, best first. Only with verbose, top or min_confidence.'),
      ),
    ),
    model: v.optional(modelSchema),
    timings: v.optional(
      v.pipe(
        v.object({
          load_ms: milliseconds,
          queue_ms: milliseconds,
          preprocess_ms: milliseconds,
          inference_ms: milliseconds,
        }),
        v.description('Milliseconds. Only with verbose or top.'),
      ),
    ),
  }),
  v.title('Classification'),
);

const lengthSchema = (title: string, minimum: number, description: string) =>
  v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(minimum),
      v.maxValue(MAX_SUMMARY_LENGTH),
      v.title(title),
      v.description(description),
    ),
  );

/** The query of the text route. */
export const SummarizeQuerySchema = v.object({
  model: v.optional(v.pipe(v.string(), v.title('Model'), v.description('A model that this server offers, by its name.')), 't5'),
  min: v.optional(
    v.pipe(v.string(), v.title('Min'), v.description('The shortest summary, in tokens. Ignored by t5; gives way to max.')),
    '30',
  ),
  max: v.optional(v.pipe(v.string(), v.title('Max'), v.description('The longest summary, in tokens. Ignored by t5.')), '130'),
  min_length: lengthSchema('Min Length', 0, 'As min, for every model; refused where it is impossible.'),
  max_length: lengthSchema('Max Length', 2, 'As max, for every model; refused where it is impossible.'),
  truncate: v.optional(
    v.pipe(
      TruncateSchema,
      v.title('Truncate'),
      v.description('What is done with a text that is too long: its end is cut off, it is refused, or summarized part by part.'),
    ),
    'end',
  ),
  check: v.optional(
    v.pipe(v.boolean(), v.title('Check'), v.description('Add the numbers and names of the summary that the text does not have.')),
    false,
  ),
  verbose: verboseSchema,
});

/** The body of the text route. */
export const TextRequestSchema = v.pipe(
  v.object({ text: v.pipe(v.string(), v.title('Text'), v.description('What to summarize.')) }),
  v.title('TextRequest'),
);

const citationSchema = v.pipe(
  v.object({ text: v.string(), start: count, end: count }),
  v.description('A place in the summary, in UTF-16 code units.'),
);

export const SummarySchema = v.pipe(
  v.object({
    summary: v.string(),
    score: v.optional(v.pipe(v.nullable(v.number()), v.description('Of beam search; null if greedy. Only with verbose.'))),
    input_tokens: v.optional(v.pipe(count, v.description('What the model read. Only with verbose.'))),
    dropped_tokens: v.optional(v.pipe(count, v.description('What of the text it did not read. Only with verbose.'))),
    truncated: v.optional(v.pipe(v.boolean(), v.description('Whether it did not read all. Only with verbose.'))),
    output_tokens: v.optional(v.pipe(count, v.description('Only with verbose.'))),
    stop_reason: v.optional(v.pipe(v.picklist(['eos', 'length']), v.description('Only with verbose.'))),
    merge: v.optional(
      v.pipe(
        v.picklist(['joined', 'summarized']),
        v.description('What was done with the summaries of the parts. Only with truncate=chunk and verbose, of a long text.'),
      ),
    ),
    parts: v.optional(
      v.pipe(
        v.array(
          v.object({
            summary: v.string(),
            source: v.pipe(
              v.object({ start: count, end: count }),
              v.description('Where the part stands in the text, in UTF-16 code units.'),
            ),
            input_tokens: count,
            output_tokens: count,
            score: v.nullable(v.number()),
            stop_reason: v.picklist(['eos', 'length']),
          }),
        ),
        v.description('The parts that a long text was summarized in. Only with truncate=chunk and verbose.'),
      ),
    ),
    unsupported: v.optional(
      v.pipe(
        v.object({ numbers: v.array(citationSchema), names: v.array(citationSchema) }),
        v.description('What the summary says and the text does not have. Only with check.'),
      ),
    ),
    model: v.optional(modelSchema),
    timings: v.optional(
      v.pipe(
        v.object({
          load_ms: milliseconds,
          queue_ms: milliseconds,
          tokenize_ms: milliseconds,
          encode_ms: milliseconds,
          decode_ms: milliseconds,
          steps: count,
        }),
        v.description('Milliseconds, and a count of decoder steps. Only with verbose.'),
      ),
    ),
  }),
  v.title('Summary'),
);

/** What comes instead of a summary where `Accept` asks for events. */
export const SummaryEventsSchema = v.pipe(
  v.string(),
  v.description(
    'Server-sent events, data in JSON: `progress` {state, place, output_tokens, max_length, and parts with truncate=chunk}, `text` {delta} with what is added to ' +
      'the summary and will not change, `end` with the verbose Summary, or `error` {status, code, detail, retry_after}.',
  ),
);

export const WelcomeSchema = v.pipe(v.object({ message: v.string() }), v.title('Welcome'));

export const ErrorSchema = v.pipe(
  v.object({ detail: v.pipe(v.string(), v.title('Detail')) }),
  v.title('HTTPError'),
  v.description('What went wrong, in one sentence.'),
);

export const ValidationErrorSchema = v.pipe(
  v.object({
    detail: v.pipe(
      v.array(
        v.pipe(
          v.object({
            loc: v.pipe(v.array(v.union([v.string(), count])), v.title('Location')),
            msg: v.pipe(v.string(), v.title('Message')),
            type: v.pipe(v.string(), v.title('Error Type')),
            input: v.optional(v.pipe(v.unknown(), v.title('Input'))),
            ctx: v.optional(v.pipe(v.record(v.string(), v.unknown()), v.title('Context'))),
          }),
          v.title('ValidationError'),
        ),
      ),
      v.title('Detail'),
    ),
  }),
  v.title('HTTPValidationError'),
);
