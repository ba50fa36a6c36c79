import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { Engine } from '../../engine.ts';
import { MAX_TEXT_BYTES } from '../../limits.ts';
import type { Task } from '../../schemas.ts';
import { decodePicture, isBase64Picture, maxBase64Length } from '../body/base64-picture.ts';
import type { ByteHold, HeldBytes } from '../body/held-bytes.ts';
import { isJson, parseValue, readJsonBody } from '../body/json-body.ts';
import { readRawUpload } from '../body/raw-upload.ts';
import type { UploadLimits } from '../body/upload.ts';
import { clientSignal } from '../client-signal.ts';
import { type Catalogue, refuseTask } from '../models/catalogue.ts';
import type { PathParameters } from '../path-pattern.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import { answerPicture } from './answer-picture.ts';
import { answerTexts } from './answer-texts.ts';
import { ImageParametersSchema, ImageQuerySchema, InferenceSchema, TextParametersSchema } from './hugging-face-schemas.ts';

/** What the route works with. */
export interface InferenceParts {
  readonly engine: Pick<Engine, 'classify' | 'summarizeAll'>;
  readonly catalogue: Pick<Catalogue, 'checkAlias' | 'tasksOf'>;
  readonly uploads: UploadLimits;
  readonly heldBytes: HeldBytes;
  /** Texts in one request. */
  readonly maxItems: number;
}

/** One request while it is answered. */
interface Asked {
  readonly alias: string;
  readonly tasks: readonly Task[] | null;
  readonly signal: AbortSignal;
  readonly hold: ByteHold;
}

/** As clients and curl declare a picture; nothing at all is what the JavaScript client says of an ArrayBuffer. */
const PICTURE_TYPE = /^(?:|image\/.*|application\/octet-stream|application\/x-www-form-urlencoded)$/;
const JSON_OVERHEAD_BYTES = 64 * 1024;

/** Answers as Hugging Face's Inference API does: the bytes of a picture, or JSON with a text, texts or a picture in base64. */
export async function answerInference(context: Context, parameters: PathParameters, parts: InferenceParts): Promise<void> {
  const alias = parts.catalogue.checkAlias(parameters['alias']);
  requestState(context).model = alias;
  const signal = clientSignal(context.res);
  const hold = parts.heldBytes.hold();
  try {
    const asked: Asked = { alias, tasks: await parts.catalogue.tasksOf(alias), signal, hold };
    await (isJson(context.req) ? answerJsonBody : answerPictureBody)(context, asked, parts);
  } finally {
    hold.release();
  }
}

async function answerPictureBody(context: Context, asked: Asked, { engine, uploads }: InferenceParts): Promise<void> {
  const { alias, tasks, signal, hold } = asked;
  checkMediaType(context.req);
  refuseTask(alias, tasks, 'image-classification');
  const query = queryOf(context.req);
  const { values: parameters, issues } = readQueryValues(ImageQuerySchema, query);
  throwIssues(issues);
  const upload = await readRawUpload(context.req, uploads, hold);
  try {
    const { source } = await upload.finish();
    await answerPicture(context, { engine, alias, image: source, parameters, signal });
  } finally {
    await upload.discard();
  }
}

async function answerJsonBody(context: Context, asked: Asked, { engine, uploads, maxItems }: InferenceParts): Promise<void> {
  const { alias, tasks, signal, hold } = asked;
  const { maxBytes } = uploads;
  const limit = Math.max(MAX_TEXT_BYTES, maxBase64Length(maxBytes)) + JSON_OVERHEAD_BYTES;
  const { inputs, parameters } = parseValue(InferenceSchema, await readJsonBody(context.req, limit, hold));
  const name = 'parameters';
  if (typeof inputs === 'string' && isForPicture(inputs, tasks)) {
    const parsed = parseValue(ImageParametersSchema, parameters ?? {}, { name });
    const image = decodePicture(inputs, { name: 'inputs', maxBytes });
    return answerPicture(context, { engine, alias, image, parameters: parsed, signal });
  }
  refuseTask(alias, tasks, 'summarization');
  const texts = typeof inputs === 'string' ? [inputs] : inputs;
  if (texts.length > maxItems) throw new Refusal(413, `inputs: more than ${maxItems} texts, the limit of this server`);
  return answerTexts(context, {
    engine,
    alias,
    texts,
    parameters: parseValue(TextParametersSchema, parameters ?? {}, { name }),
    signal,
  });
}

/** A model of one task is asked for that; of others it is seen at the string. */
function isForPicture(inputs: string, tasks: readonly Task[] | null): boolean {
  return tasks?.length === 1 ? tasks[0] === 'image-classification' : isBase64Picture(inputs);
}

function checkMediaType({ headers }: IncomingMessage): void {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  if (PICTURE_TYPE.test(mediaType.trim().toLowerCase())) return;
  throw new Refusal(415, 'Send JSON as application/json, or the bytes of a picture as image/* or application/octet-stream.');
}
