import type { Engine } from '../engine.ts';
import { reportError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { DEFAULT_IMAGE_CLASSIFIER } from '../schemas.ts';
import type { Readiness } from './readiness.ts';

/** Models that are loaded before a server is ready. */
export interface Preload {
  readonly readiness: Readiness;
  /** Loads them one after the other, as each takes all the memory bandwidth that there is. Rejects with what kept one from it. */
  start(signal: AbortSignal): Promise<void>;
}

export function createPreload(engine: Pick<Engine, 'load'>, names: readonly string[], logger: Logger): Preload {
  let readiness: Readiness = names.length === 0 ? { state: 'ready' } : loading(names[0]!);

  async function start(signal: AbortSignal): Promise<void> {
    for (const name of names) {
      readiness = loading(name);
      try {
        // What the routes ask of these names, whatever they stand for: `tiny` is for both tasks.
        const task = name === DEFAULT_IMAGE_CLASSIFIER ? 'image-classification' : 'summarization';
        await engine.load(name, { signal, task });
      } catch (error) {
        readiness = { state: 'failed', detail: `The model ${name} could not be loaded (${reportError(error).code}).` };
        throw error;
      }
      logger.info(`${name} is loaded`);
    }
    readiness = { state: 'ready' };
  }

  return {
    get readiness() {
      return readiness;
    },
    start,
  };
}

function loading(name: string): Readiness {
  return { state: 'loading', detail: `The model ${name} is being loaded.` };
}
