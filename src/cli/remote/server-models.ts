import * as v from 'valibot';
import { OnnxPredictError } from '../../errors.ts';
import { camelCaseKeys } from './camel-case.ts';
import type { ServerConnection } from './server-connection.ts';

const ModelsSchema = v.object({
  models: v.array(
    v.object({
      name: v.string(),
      task: v.string(),
      model: v.object({ id: v.string(), revision: v.nullable(v.string()), dtype: v.string() }),
      state: v.string(),
      numQueued: v.number(),
      numActive: v.number(),
      memoryBytes: v.nullable(v.number()),
    }),
  ),
});

/** A model in use in a server. */
export type ServerModel = v.InferOutput<typeof ModelsSchema>['models'][number];

/** The models that a server has in use. */
export async function listServerModels(server: ServerConnection, signal: AbortSignal): Promise<readonly ServerModel[]> {
  const parsed = v.safeParse(ModelsSchema, camelCaseKeys(await server.ask('/engine/models', { signal })));
  if (parsed.success) return parsed.output.models;
  const message = `The server ${server.url} answers with what this version does not understand. Are both of one version?`;
  throw new OnnxPredictError('MODEL_NOT_AVAILABLE', message);
}

/** Unloads a model of a server, once what it works on is done. */
export async function unloadServerModel(server: ServerConnection, name: string, signal: AbortSignal): Promise<void> {
  const body = { type: 'application/json', content: '{}' };
  await server.ask(`/engine/${encodeURIComponent(name)}/unload`, { body, signal, codes: { 404: 'MODEL_UNKNOWN' } });
}
