import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { MAX_TEXT_BYTES } from '../../limits.ts';
import type { ClassifyOptions, ModelIdentity } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { answerJson } from '../answer-json.ts';
import type { ByteHold, HeldBytes } from '../body/held-bytes.ts';
import { isJson, parseValue, readJsonBody } from '../body/json-body.ts';
import { readRawUpload } from '../body/raw-upload.ts';
import type { UploadLimits } from '../body/upload.ts';
import { clientSignal } from '../client-signal.ts';
import { toGenerationOptions } from '../generation-parameters.ts';
import { type Catalogue, refuseTask } from '../models/catalogue.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import type { Route } from '../route.ts';
import { findTextFault } from '../text-faults.ts';
import { CLASSIFY, MODELS, SUMMARIZE, UNLOAD } from './engine-documentation.ts';
import { EngineClassifyQuerySchema, EngineSummarizeSchema, EngineUnloadSchema } from './engine-schemas.ts';

/** What the routes work with. */
export interface EngineApiParts {
  readonly engine: Pick<Engine, 'classify' | 'summarize' | 'status' | 'unload'>;
  readonly catalogue: Pick<Catalogue, 'aliases' | 'checkAlias' | 'tasksOf'>;
  readonly uploads: UploadLimits;
  readonly heldBytes: HeldBytes;
}

/** Of what stands around a text in JSON, where each character may be escaped. */
const JSON_FACTOR = 2;
/** As a page of another site could not declare a body without asking first. */
const PICTURE_TYPE = /^(?:image\/.*|application\/octet-stream)$/;

/** The engine itself, with whole answers: what the command line asks with --server. */
export function createEngineRoutes(parts: EngineApiParts): readonly Route[] {
  const { catalogue } = parts;
  const about = (context: Context, alias: string | undefined) => {
    const name = catalogue.checkAlias(alias);
    requestState(context).model = name;
    return name;
  };
  return [
    { method: 'GET', path: '/engine/models', documentation: MODELS, handle: (context) => answerModels(context, parts) },
    {
      method: 'POST',
      path: '/engine/{alias}/classify',
      documentation: CLASSIFY,
      handle: (context, { alias }) => holding(parts, (hold) => answerPicture(context, about(context, alias), { ...parts, hold })),
    },
    {
      method: 'POST',
      path: '/engine/{alias}/summarize',
      documentation: SUMMARIZE,
      handle: (context, { alias }) => holding(parts, (hold) => answerText(context, about(context, alias), { ...parts, hold })),
    },
    {
      method: 'POST',
      path: '/engine/{alias}/unload',
      documentation: UNLOAD,
      handle: (context, { alias }) => holding(parts, (hold) => unload(context, about(context, alias), { ...parts, hold })),
    },
  ];
}

type HeldParts = EngineApiParts & { readonly hold: ByteHold };

async function holding({ heldBytes }: EngineApiParts, answer: (hold: ByteHold) => Promise<void>): Promise<void> {
  const hold = heldBytes.hold();
  try {
    await answer(hold);
  } finally {
    hold.release();
  }
}

function answerModels(context: Context, { engine, catalogue }: EngineApiParts): void {
  const models = engine
    .status()
    // Tokenizers alone are no models that requests may use.
    .filter(({ name, task }) => catalogue.aliases.includes(name) && task !== 'tokenization')
    .map(({ name, task, model, state, numQueued, numActive, memoryBytes }) => {
      return snakeCaseKeys({ name, task, model: shownModel(model, name), state, numQueued, numActive, memoryBytes });
    });
  answerJson(context, 200, { models });
}

async function answerPicture(context: Context, alias: string, { engine, catalogue, uploads, hold }: HeldParts): Promise<void> {
  const [mediaType = ''] = (context.req.headers['content-type'] ?? '').split(';');
  if (!PICTURE_TYPE.test(mediaType.trim().toLowerCase())) {
    throw new Refusal(415, 'Send the bytes of a picture as image/* or application/octet-stream.');
  }
  refuseTask(alias, await catalogue.tasksOf(alias), 'image-classification');
  const signal = clientSignal(context.res);
  const { values, issues } = readQueryValues(EngineClassifyQuerySchema, queryOf(context.req));
  throwIssues(issues);
  const upload = await readRawUpload(context.req, uploads, hold);
  try {
    const { source } = await upload.finish();
    const answer = await engine.classify(source, { model: alias, ...toClassifyOptions(values), signal });
    requestState(context).timings = answer.timings;
    answerJson(context, 200, snakeCaseKeys({ ...answer, model: shownModel(answer.model, alias) }));
  } finally {
    await upload.discard();
  }
}

function toClassifyOptions({
  top,
  activation,
  min_confidence,
}: v.InferOutput<typeof EngineClassifyQuerySchema>): ClassifyOptions {
  return {
    ...(top === undefined ? {} : { topK: top }),
    ...(activation === undefined ? {} : { activation }),
    ...(min_confidence === undefined ? {} : { minConfidence: min_confidence }),
  };
}

async function answerText(context: Context, alias: string, { engine, catalogue, hold }: HeldParts): Promise<void> {
  const signal = clientSignal(context.res);
  const body = await readJson(context, MAX_TEXT_BYTES * JSON_FACTOR, hold);
  const { text, truncate, check, defaults, ...generation } = parseValue(EngineSummarizeSchema, body);
  refuseTask(alias, await catalogue.tasksOf(alias), 'summarization');
  const fault = findTextFault(text);
  if (fault !== undefined) throw new Refusal(400, `text: ${fault}`);
  const answer = await engine.summarize(text, {
    model: alias,
    ...toGenerationOptions(generation),
    ...(truncate == null ? {} : { truncate }),
    ...(check == null ? {} : { check }),
    ...(defaults == null ? {} : { defaults: toGenerationOptions(defaults) }),
    signal,
  });
  requestState(context).timings = answer.timings;
  answerJson(context, 200, snakeCaseKeys({ ...answer, model: shownModel(answer.model, alias) }));
}

async function unload(context: Context, alias: string, { engine, hold }: HeldParts): Promise<void> {
  parseValue(EngineUnloadSchema, await readJson(context, 1024, hold));
  await engine.unload(alias);
  answerJson(context, 200, {});
}

async function readJson(context: Context, maxBytes: number, hold: ByteHold): Promise<unknown> {
  if (!isJson(context.req)) throw new Refusal(415, 'Send JSON as application/json.');
  return readJsonBody(context.req, maxBytes, hold);
}

/** No answer names a path of this machine, as the id of a folder would. */
function shownModel({ id, revision, dtype }: ModelIdentity, alias: string): ModelIdentity {
  return { id: revision === null ? alias : id, revision, dtype };
}
