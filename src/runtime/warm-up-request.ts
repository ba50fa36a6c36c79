import { DEFAULT_MAX_PIXELS } from '../limits.ts';
import type { RunnerRequest } from '../protocol.ts';
import type { Task } from '../schemas.ts';

/** A picture of one pixel, as a PPM file. */
const PIXEL = new TextEncoder().encode('P6 1 1 255\n...');

/** A request that any model of a task answers, so that its first run, which is slow, is behind it. */
export function warmUpRequest(task: Task): RunnerRequest {
  if (task === 'image-classification') {
    return {
      task,
      image: { bytes: PIXEL },
      topK: 1,
      activation: 'none',
      minConfidence: null,
      maxPixels: DEFAULT_MAX_PIXELS,
      ignoreOrientation: true,
    };
  }
  const generation = { minLength: null, minNewTokens: null, maxNewTokens: 2 };
  return { task, text: 'Warm up.', prefix: undefined, truncate: 'end', generation, defaults: {}, withText: false };
}
