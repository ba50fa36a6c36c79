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
    lock: async (model, options) => (await load()).lock(model, options),
    pin: async (locked) => (await load()).pin(locked),
    export: async (models, path, options) => (await load()).export(models, path, options),
    import: async (path, options) => (await load()).import(path, options),
    verify: async (model, options) => (await load()).verify(model, options),
  };
}
