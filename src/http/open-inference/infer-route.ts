import type { Context } from 'koa';
import type { Engine } from '../../engine.ts';
import { MAX_TEXT_BYTES } from '../../limits.ts';
import type { Outcome } from '../../outcomes.ts';
import type { ClassificationResult, SummaryResult } from '../../schemas.ts';
import { maxBase64Length } from '../body/base64-picture.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import { parseValue } from '../body/json-body.ts';
import { readBody } from '../body/request-body.ts';
import { clientSignal } from '../client-signal.ts';
import { toGenerationOptions } from '../generation-parameters.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { PathParameters } from '../path-pattern.ts';
import { toProblem, toSentence } from '../problem.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import type { ServerSettings } from '../server-settings.ts';
import { checkVersion } from './check-version.ts';
import { findInput, toPictures, toTexts } from './infer-inputs.ts';
import { type InferRequest, parseInferRequest } from './infer-request.ts';
import { answerTensors, HEADER_LENGTH, wantedOutputs } from './infer-response.ts';
import { LabelParametersSchema, SummaryParametersSchema } from './open-inference-schemas.ts';
import { toLabelTensors, toSummaryTensors } from './output-tensors.ts';
import { TASK_TENSORS } from './tensor-metadata.ts';

/** What the route works with. */
export interface InferParts {
  readonly engine: Pick<Engine, 'classifyAll' | 'summarizeAll'>;
  readonly catalogue: Catalogue;
  readonly heldBytes: HeldBytes;
  readonly settings: Pick<ServerSettings, 'maxUploadBytes' | 'maxBatchItems' | 'maxBatchBytes'>;
}

/** One request's work. */
interface InferWork {
  readonly request: InferRequest;
  readonly alias: string;
  readonly signal: AbortSignal;
}

const BAD_REQUEST = 400;
const JSON_OVERHEAD_BYTES = 64 * 1024;
const name = 'parameters';

/** Answers an inference request: one tensor of pictures or texts, all rows together or none. */
export async function answerInfer(context: Context, path: PathParameters, parts: InferParts): Promise<void> {
  const { engine, catalogue, heldBytes, settings } = parts;
  const alias = catalogue.checkAlias(path['name']);
  requestState(context).model = alias;
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  try {
    await checkVersion(catalogue, alias, path['version']);
    const headerLength = readHeaderLength(context);
    const jsonLimit = Math.max(MAX_TEXT_BYTES, maxBase64Length(settings.maxUploadBytes)) + JSON_OVERHEAD_BYTES;
    if ((headerLength ?? 0) > jsonLimit)
      throw new Refusal(413, `${HEADER_LENGTH}: more than ${jsonLimit}, the limit of this server`);
    // JSON is read at one go, while nothing else is: what is long belongs behind it.
    const maxBytes = headerLength === undefined ? jsonLimit : Math.max(jsonLimit, settings.maxBatchBytes);
    const request = parseInferRequest(await readBody(context.req, maxBytes, hold), headerLength);
    const { task, tensor } = findInput(request, await catalogue.tasksOf(alias), settings.maxBatchItems);
    const wanted = wantedOutputs(request, TASK_TENSORS[task].outputs);
    const work: InferWork = { request, alias, signal };
    const { rows, tensors } =
      task === 'summarization'
        ? await summarizeRows(engine, toTexts(tensor), work)
        : await classifyRows(engine, toPictures(tensor, settings.maxUploadBytes), work);
    const [first] = rows;
    if (rows.length === 1) requestState(context).timings = first!.timings;
    answerTensors(context, describeAnswer(work, first!.model.revision), { tensors, wanted });
  } finally {
    hold.release();
  }
}

async function classifyRows(engine: InferParts['engine'], pictures: readonly Buffer[], { request, alias, signal }: InferWork) {
  const parameters = parseValue(LabelParametersSchema, request.parameters, { name, status: BAD_REQUEST });
  const { top_k: topK, function_to_apply: activation } = parameters;
  const options = { ...(topK == null ? {} : { topK }), ...(activation == null ? {} : { activation }) };
  const rows = allRows<ClassificationResult>(await engine.classifyAll(pictures, { model: alias, signal, ...options }));
  return { rows, tensors: toLabelTensors(rows) };
}

async function summarizeRows(engine: InferParts['engine'], texts: readonly string[], { request, alias, signal }: InferWork) {
  const { truncate = 'end', ...parameters } = parseValue(SummaryParametersSchema, request.parameters, {
    name,
    status: BAD_REQUEST,
  });
  const options = toGenerationOptions(parameters);
  const rows = allRows<SummaryResult>(await engine.summarizeAll(texts, { model: alias, signal, truncate, ...options }));
  return { rows, tensors: toSummaryTensors(rows) };
}

/** The protocol has no failure of a row alone. @throws what the first row failed with */
function allRows<T>(outcomes: readonly Outcome<T>[]): T[] {
  return outcomes.map((outcome, row) => {
    if ('result' in outcome) return outcome.result;
    const { status, detail, headers } = toProblem(outcome.error);
    if (outcomes.length === 1 || status >= 500) throw outcome.error;
    throw new Refusal(status, `Row ${row}: ${toSentence(detail)}`, headers);
  });
}

function describeAnswer({ request: { id }, alias }: InferWork, revision: string | null): Readonly<Record<string, string>> {
  return {
    model_name: alias,
    ...(revision === null ? {} : { model_version: revision }),
    ...(id === undefined ? {} : { id }),
  };
}

function readHeaderLength(context: Context): number | undefined {
  const text = context.get(HEADER_LENGTH);
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Refusal(BAD_REQUEST, `${HEADER_LENGTH}: must be a number of bytes`);
  return Number(text);
}
