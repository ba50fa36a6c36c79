import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { DEFAULT_IMAGE_CLASSIFIER } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { answerJson } from '../answer-json.ts';
import { type FormValue, readFormField } from '../body/file-form.ts';
import type { ByteHold, HeldBytes } from '../body/held-bytes.ts';
import type { Upload, UploadLimits } from '../body/upload.ts';
import { clientSignal } from '../client-signal.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import type { ValidationIssue } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import { type ClassificationSchema, ClassifyQuerySchema } from './tutorial-schemas.ts';

const FIELD = 'file';

type ClassifyQuery = v.InferOutput<typeof ClassifyQuerySchema>;

/** What the image route works with. */
export interface ClassifyParts {
  readonly engine: Pick<Engine, 'classify'>;
  readonly uploads: UploadLimits;
  readonly heldBytes: HeldBytes;
}

/** Answers with the name of what is in the uploaded picture. */
export async function answerClassification(context: Context, { engine, uploads, heldBytes }: ClassifyParts): Promise<void> {
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  let upload: Upload | undefined;
  try {
    const value = await readFile(context.req, uploads, hold);
    upload = value !== undefined && 'upload' in value ? value.upload : undefined;
    const { values, issues } = readQueryValues(ClassifyQuerySchema, queryOf(context.req));
    throwIssues([...issues, ...describeFault(value)]);
    const { source } = await upload!.finish();
    const state = requestState(context);
    state.model = DEFAULT_IMAGE_CLASSIFIER;
    const answer = await engine.classify(source, { ...toClassifyOptions(values), signal });
    state.timings = answer.timings;
    answerJson(context, 200, describeClassification(answer, values));
  } finally {
    await upload?.discard();
    hold.release();
  }
}

/** How the model is asked: as in the original, which never looked at the orientation that a camera notes. */
export function toClassifyOptions({ top: topK, min_confidence: minConfidence }: ClassifyQuery) {
  return {
    model: DEFAULT_IMAGE_CLASSIFIER,
    ignoreOrientation: true,
    ...(topK === undefined ? {} : { topK }),
    ...(minConfidence === undefined ? {} : { minConfidence }),
  };
}

function readFile(request: IncomingMessage, uploads: UploadLimits, hold: ByteHold): Promise<FormValue | undefined> {
  return readFormField(request, { ...uploads, field: FIELD, hold });
}

function describeFault(value: FormValue | undefined): readonly ValidationIssue[] {
  const loc = ['body', FIELD];
  if (value === undefined || ('text' in value && value.text === '')) {
    return [{ type: 'missing', loc, msg: 'Field required', input: null }];
  }
  if ('upload' in value) return [];
  const msg = 'Value error, Expected a file: its part of the form needs a filename';
  return [{ type: 'value_error', loc, msg, input: value.text, ctx: { error: {} } }];
}

/** A label as it is told, with `verbose` and all that belongs to it. */
export function describeClassification(
  { classLabel, score, top, model, timings }: Awaited<ReturnType<Engine['classify']>>,
  query: ClassifyQuery,
): v.InferOutput<typeof ClassificationSchema> {
  const label = { class_label: classLabel };
  const isVerbose = query.verbose || query.top !== undefined;
  if (!isVerbose && query.min_confidence === undefined) return label;
  const scored = { ...label, score, top: [...top] };
  if (!isVerbose) return scored;
  const { revision, dtype } = model;
  const shown = snakeCaseKeys({ model: { id: DEFAULT_IMAGE_CLASSIFIER, revision, dtype }, timings });
  return { ...scored, ...(shown as Pick<v.InferOutput<typeof ClassificationSchema>, 'model' | 'timings'>) };
}
