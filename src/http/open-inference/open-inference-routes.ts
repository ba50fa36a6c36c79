import type { Context } from 'koa';
import { answerJson } from '../answer-json.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { PathParameters } from '../path-pattern.ts';
import type { Readiness } from '../readiness.ts';
import { Refusal } from '../refusal.ts';
import type { Route } from '../route.ts';
import { checkVersion, listVersions } from './check-version.ts';
import { answerInfer, type InferParts } from './infer-route.ts';
import { DOCUMENTED } from './open-inference-documentation.ts';
import { TASK_TENSORS } from './tensor-metadata.ts';

/** What the routes work with. */
export interface OpenInferenceParts extends InferParts {
  readonly readiness: () => Readiness;
  /** What the server is called, and in which version. */
  readonly info: { readonly title: string; readonly version: string };
}

/** By the protocol's list of platforms. */
const PLATFORM = 'onnx_onnxv1';
const MODEL = '/v2/models/{name}';
const VERSION = `${MODEL}/versions/{version}`;

/** The Open Inference Protocol, version 2 (KServe's), over HTTP. */
export function createOpenInferenceRoutes(parts: OpenInferenceParts): readonly Route[] {
  const { catalogue, readiness, info } = parts;
  const metadata = { name: info.title, version: info.version, extensions: ['binary_tensor_data'] };
  const get = (path: string, documentation: Route['documentation'], handle: Route['handle']): Route => {
    return { method: 'GET', path, documentation, handle };
  };
  /** What supervises the server has no key. */
  const probe = (...route: Parameters<typeof get>): Route => ({ ...get(...route), open: true });
  const describe: Route['handle'] = async (context, path) => answerJson(context, 200, await describeModel(catalogue, path));
  const tellReady: Route['handle'] = (context, path) => answerModelReady(context, path, parts);
  const infer: Route['handle'] = (context, path) => answerInfer(context, path, parts);
  return [
    get('/v2', DOCUMENTED.server, (context) => answerJson(context, 200, metadata)),
    probe('/v2/health/live', DOCUMENTED.live, (context) => answerHealth(context, { live: true }, true)),
    probe('/v2/health/ready', DOCUMENTED.ready, (context) => {
      const ready = readiness().state === 'ready';
      answerHealth(context, { ready }, ready);
    }),
    get(MODEL, DOCUMENTED.model, describe),
    get(VERSION, DOCUMENTED.modelVersion, describe),
    get(`${MODEL}/ready`, DOCUMENTED.modelReady, tellReady),
    get(`${VERSION}/ready`, DOCUMENTED.modelVersionReady, tellReady),
    { method: 'POST', path: `${MODEL}/infer`, documentation: DOCUMENTED.infer, handle: infer },
    { method: 'POST', path: `${VERSION}/infer`, documentation: DOCUMENTED.inferVersion, handle: infer },
  ];
}

async function describeModel(catalogue: Catalogue, path: PathParameters) {
  const alias = catalogue.checkAlias(path['name']);
  await checkVersion(catalogue, alias, path['version']);
  const models = await catalogue.describe(alias);
  if (models.length === 0) throw new Refusal(503, `What the model ${alias} is for is not known before its files are here.`);
  const tensors = models.map(({ task }) => TASK_TENSORS[task]);
  const versions = listVersions(models);
  return {
    name: alias,
    ...(versions.length === 0 ? {} : { versions }),
    platform: PLATFORM,
    inputs: tensors.map(({ input }) => input),
    outputs: tensors.flatMap(({ outputs }) => outputs),
  };
}

/** A model is ready when a request for it is answered without a download; one that is not in memory is loaded by the request. */
async function answerModelReady(
  context: Context,
  path: PathParameters,
  { catalogue, readiness }: OpenInferenceParts,
): Promise<void> {
  const name = catalogue.checkAlias(path['name']);
  await checkVersion(catalogue, name, path['version']);
  const models = await catalogue.describe(name);
  const usable = models.length > 0 && models.every(({ onDisk, state }) => onDisk && state !== 'failed');
  const ready = usable && readiness().state === 'ready';
  answerHealth(context, { name, ready }, ready);
}

function answerHealth(context: Context, body: Readonly<Record<string, boolean | string>>, good: boolean): void {
  context.set('Cache-Control', 'no-store');
  answerJson(context, good ? 200 : 503, body);
}
