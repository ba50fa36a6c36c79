import type { Hub } from './hub.ts';
import type { ModelManager } from './manage-models.ts';

/** `engine.models`, whose code is loaded when it is first asked for something: answers come sooner without it. */
export function lazyModelManager(hub: Hub): ModelManager {
  const load = async () => (await import('./manage-models.ts')).createModelManager(hub);
  return {
    list: async () => (await load()).list(),
    show: async (model, options) => (await load()).show(model, options),
    remove: async (model, options) => (await load()).remove(model, options),
    prune: async (options) => (await load()).prune(options),
    verify: async (model, options) => (await load()).verify(model, options),
  };
}
