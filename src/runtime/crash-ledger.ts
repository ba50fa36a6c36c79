import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { OnnxPredictError } from '../errors.ts';
import { MAX_IMAGE_BYTES } from '../limits.ts';
import type { RunnerRequest } from '../protocol.ts';
import type { ModelIdentity } from '../schemas.ts';

const MAX_CRASHES = 2;
const WINDOW_MS = 600_000;
const MAX_ENTRIES = 1000;

/** Which contents made runners crash, so that one that did it again and again is refused for a while. Holds hashes only. */
export class CrashLedger {
  /** When each content's crashes were, by performance.now(); oldest content first. */
  readonly #crashes = new Map<string, number[]>();

  /** Notes that a request, with no other beside it, ended its runner. */
  async blame(identity: ModelIdentity, request: RunnerRequest): Promise<void> {
    const hash = await hashContent(identity, request);
    if (hash === undefined) return;
    const times = [...this.#recent(hash), performance.now()];
    this.#crashes.delete(hash);
    this.#crashes.set(hash, times);
    const [oldest] = this.#crashes.keys();
    if (this.#crashes.size > MAX_ENTRIES) this.#crashes.delete(oldest!);
  }

  /** @throws OnnxPredictError INPUT_REFUSED for a content that ended two runners within ten minutes */
  async check(identity: ModelIdentity, request: RunnerRequest): Promise<void> {
    // As long as nothing crashed, nothing is hashed.
    if (this.#crashes.size === 0) return;
    const hash = await hashContent(identity, request);
    if (hash === undefined || this.#recent(hash).length < MAX_CRASHES) return;
    throw new OnnxPredictError(
      'INPUT_REFUSED',
      `This input ended the runner of ${identity.id} ${MAX_CRASHES} times within ${WINDOW_MS / 60_000} minutes; it is refused for as long.`,
    );
  }

  #recent(hash: string): number[] {
    const since = performance.now() - WINDOW_MS;
    const times = (this.#crashes.get(hash) ?? []).filter((time) => time >= since);
    if (times.length === 0) this.#crashes.delete(hash);
    return times;
  }
}

/** Of what a request brings to a model; undefined for a file that cannot be read any more. */
async function hashContent({ id, dtype }: ModelIdentity, request: RunnerRequest): Promise<string | undefined> {
  const hash = createHash('sha256').update(JSON.stringify([request.task, id, dtype]));
  if (request.task !== 'image-classification') return hash.update(request.text).digest('hex');
  if ('bytes' in request.image) return hash.update(request.image.bytes).digest('hex');
  try {
    const stats = await stat(request.image.path);
    // Runners refuse everything else before they read it.
    if (!stats.isFile() || stats.size > MAX_IMAGE_BYTES) return undefined;
    await pipeline(createReadStream(request.image.path), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
