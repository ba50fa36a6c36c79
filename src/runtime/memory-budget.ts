import { stat } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { LocalModel } from '../protocol.ts';
import type { ModelHost } from './model-host.ts';

/** What a runner holds beside its model's weights: Node, ONNX Runtime and what it works on. */
const RUNNER_BYTES = 150 * 1024 * 1024;
/** Of the weights' files: what of them is laid out anew for computing. */
const WEIGHTS_FACTOR = 1.5;
/** Of fp32 files, what is left of them as q8. */
const QUANTIZED_FACTOR = 0.3;

/** Keeps all runners together below a limit: the model that was used least recently is unloaded for another. */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #hosts: () => Iterable<ModelHost>;
  /** What was measured or estimated of a model that is not loaded. */
  readonly #expected = new WeakMap<ModelHost, number>();
  /** One model at a time finds its room. */
  #turn: Promise<void> = Promise.resolve();

  constructor(maxBytes: number, hosts: () => Iterable<ModelHost>) {
    this.#maxBytes = maxBytes;
    this.#hosts = hosts;
  }

  /**
   * Resolves when `host` may start a runner.
   * @throws OnnxPredictError MEMORY_EXCEEDED if it would not fit even alone
   */
  makeRoom(host: ModelHost): Promise<void> {
    const room = this.#turn.then(() => this.#makeRoom(host));
    this.#turn = room.catch(() => {});
    return room;
  }

  async #makeRoom(host: ModelHost): Promise<void> {
    const needed = await this.#expectedBytes(host);
    if (needed > this.#maxBytes) throw this.#exceeded(host, needed);
    // Whoever asked may have left while others found their room.
    while (host.numQueued > 0) {
      const others = [...this.#hosts()].filter((other) => other !== host && other.hasRunner);
      const used = others.reduce((sum, other) => sum + this.#usedBytes(other), 0);
      if (used + needed <= this.#maxBytes) return;
      // Without others there is room: it fits alone.
      const victim = others.sort(leastNeeded)[0]!;
      // What has grown over the limit while it worked is let in again, as it was.
      this.#expected.set(victim, Math.min(this.#usedBytes(victim), this.#maxBytes));
      await victim.unload('memory');
    }
  }

  #usedBytes(host: ModelHost): number {
    return host.memoryBytes ?? this.#expected.get(host) ?? 0;
  }

  async #expectedBytes(host: ModelHost): Promise<number> {
    const known = this.#expected.get(host);
    if (known !== undefined) return known;
    const expected = (await sumFileBytes(host.model)) * WEIGHTS_FACTOR + RUNNER_BYTES;
    this.#expected.set(host, expected);
    return expected;
  }

  #exceeded({ identity }: ModelHost, needed: number): OnnxPredictError {
    return new OnnxPredictError(
      'MEMORY_EXCEEDED',
      `Model ${identity.id} needs about ${formatBytes(needed)} of memory, and at most ${formatBytes(this.#maxBytes)} are allowed (--max-memory).`,
    );
  }
}

/** Idle ones first, and of these the one that was used least recently. */
function leastNeeded(a: ModelHost, b: ModelHost): number {
  const busy = (host: ModelHost) => (host.numActive + host.numQueued > 0 ? 1 : 0);
  return busy(a) - busy(b) || a.lastUsedMs - b.lastUsedMs;
}

async function sumFileBytes(model: LocalModel): Promise<number> {
  const { files } = model;
  const paths = Object.values(files).filter((path): path is string => path !== null);
  const sizes = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found?.size ?? 0;
    }),
  );
  const isQuantized = model.task !== 'tokenization' && model.quantize;
  return sizes.reduce((sum, size) => sum + size, 0) * (isQuantized ? QUANTIZED_FACTOR : 1);
}
