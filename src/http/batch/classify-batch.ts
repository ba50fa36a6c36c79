import type { Context } from 'koa';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { answerEach } from '../../outcomes.ts';
import { answerJson } from '../answer-json.ts';
import { type ListedFile, readFileList } from '../body/file-list.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import type { UploadLimits } from '../body/upload.ts';
import { clientSignal } from '../client-signal.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import type { ServerSettings } from '../server-settings.ts';
import { describeClassification, toClassifyOptions } from '../tutorial/classify-route.ts';
import { ClassifyQuerySchema } from '../tutorial/tutorial-schemas.ts';
import { toResults } from './batch-results.ts';

export interface ClassifyBatchParts {
  readonly engine: Pick<Engine, 'classifyAll'>;
  readonly uploads: UploadLimits;
  readonly heldBytes: HeldBytes;
  readonly settings: Pick<ServerSettings, 'maxBatchItems' | 'maxBatchBytes'>;
}

/** Answers with the names of what is in each of several uploaded pictures. */
export async function answerClassificationBatch(
  context: Context,
  { engine, uploads, heldBytes, settings }: ClassifyBatchParts,
): Promise<void> {
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  let files: readonly ListedFile[] = [];
  try {
    const query = readQueryValues(ClassifyQuerySchema, queryOf(context.req));
    throwIssues(query.issues);
    const { maxBatchItems: maxFiles, maxBatchBytes: maxFormBytes } = settings;
    files = await readFileList(context.req, { ...uploads, field: 'file', maxFiles, maxFormBytes, hold });
    const options = { ...toClassifyOptions(query.values), signal };
    requestState(context).model = options.model;
    const outcomes = await answerEach(files, toSource, (images) => engine.classifyAll(images, options));
    const results = toResults(context, outcomes, (answer) => describeClassification(answer, query.values));
    answerJson(context, 200, { results });
  } finally {
    for (const file of files) if ('upload' in file) await file.upload.discard();
    hold.release();
  }
}

async function toSource(file: ListedFile): Promise<Uint8Array | string> {
  if ('refusal' in file) throw new OnnxPredictError('IMAGE_TOO_LARGE', file.refusal.message);
  return (await file.upload.finish()).source;
}
