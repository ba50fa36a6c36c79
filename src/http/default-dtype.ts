import type { Engine } from '../engine.ts';
import type { Dtype } from '../schemas.ts';

/** The engine, with models in this number format where none is asked for. */
export function withDefaultDtype(engine: Engine, dtype: Dtype): Engine {
  return {
    ...engine,
    classify: (image, options) => engine.classify(image, { dtype, ...options }),
    classifyAll: (images, options) => engine.classifyAll(images, { dtype, ...options }),
    summarize: (text, options) => engine.summarize(text, { dtype, ...options }),
    summarizeAll: (texts, options) => engine.summarizeAll(texts, { dtype, ...options }),
    load: (model, options) => engine.load(model, { dtype, ...options }),
  };
}
