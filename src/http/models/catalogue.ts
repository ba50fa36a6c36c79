import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import type { DescribedModel, Dtype, ModelStatus, Task } from '../../schemas.ts';
import { Refusal } from '../refusal.ts';

/** One model that requests may use, for one task, as it is now. */
export interface OfferedModel extends DescribedModel {
  /** The number format in which it answers. */
  readonly dtype: Dtype;
  /** Whether its files are on this machine, in that format. */
  readonly onDisk: boolean;
  readonly state: ModelStatus['state'];
}

/** What the names stand for that requests may use. */
export interface Catalogue {
  readonly aliases: readonly string[];
  /** @throws Refusal 404 for a name that the operator has not given, letter by letter */
  checkAlias(name: string | undefined): string;
  /** Null: not known before its files are here. */
  tasksOf(alias: string): Promise<readonly Task[] | null>;
  /** One entry for each task that is known. */
  describe(alias: string): Promise<OfferedModel[]>;
}

export interface CatalogueParts {
  readonly engine: Pick<Engine, 'describe' | 'status'>;
  readonly aliases: readonly string[];
  readonly dtype: Dtype;
}

export function createCatalogue({ engine, aliases, dtype }: CatalogueParts): Catalogue {
  const known = new Set(aliases);
  /** What a name is for does not change while it is served. */
  const tasks = new Map<string, readonly Task[]>();

  async function describe(alias: string): Promise<OfferedModel[]> {
    const described = await describeOrNothing(engine, alias);
    const itsTasks = described.map(({ task }) => task);
    if (itsTasks.length > 0) tasks.set(alias, itsTasks);
    return described.map((model) => {
      const used = engine.status().find(({ name, task, model: { dtype: its } }) => {
        return name === alias && task === model.task && its === dtype;
      });
      // The one in use may be older than what was fetched since.
      const revision = used?.model.revision ?? model.revision;
      return { ...model, revision, dtype, onDisk: model.dtypes.includes(dtype), state: used?.state ?? 'unloaded' };
    });
  }

  return {
    aliases,
    checkAlias(name = '') {
      if (known.has(name)) return name;
      throw new Refusal(404, 'There is no model of that name on this server; GET /models lists those that there are.');
    },
    async tasksOf(alias) {
      if (!tasks.has(alias)) await describe(alias);
      return tasks.get(alias) ?? null;
    },
    describe,
  };
}

/**
 * Refuses what a model is not for.
 * @throws Refusal 400
 */
export function refuseTask(alias: string, tasks: readonly Task[] | null, task: Task): void {
  if (tasks === null || tasks.includes(task)) return;
  const wanted = tasks[0] === 'summarization' ? 'send JSON with a text' : 'send the bytes of a picture';
  throw new Refusal(400, `The model ${alias} is for ${tasks.join(' and ')}, not for ${task}: ${wanted}.`);
}

/** A folder that is not there is told of by a request that needs it; the list of all models does not fail over it. */
async function describeOrNothing(engine: CatalogueParts['engine'], alias: string): Promise<DescribedModel[]> {
  try {
    return await engine.describe(alias);
  } catch (error) {
    if (error instanceof OnnxPredictError && error.code !== 'ENGINE_CLOSED') return [];
    throw error;
  }
}
