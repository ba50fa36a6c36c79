import type { Engine } from '../../../src/engine.ts';

/** An engine of which only some functions may be called. */
export function fakeEngine(functions: Partial<Engine> = {}): Engine {
  const unexpected = (name: string) => () => {
    throw new Error(`${name} was not expected to be called`);
  };
  return {
    classify: unexpected('classify'),
    classifyAll: unexpected('classifyAll'),
    summarize: unexpected('summarize'),
    summarizeAll: unexpected('summarizeAll'),
    tokenize: unexpected('tokenize'),
    pull: unexpected('pull'),
    load: unexpected('load'),
    unload: unexpected('unload'),
    status: () => [],
    observe: () => () => {},
    describe: async () => [],
    limits: { maxPixels: 1000, maxTextLength: 2000, queue: { maxCost: 3, maxBytes: null, maxWaitMs: null } },
    close: unexpected('close'),
    [Symbol.asyncDispose]: unexpected('close'),
    ...functions,
  } as Engine;
}
