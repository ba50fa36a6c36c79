import { SharedWork, type Waiter, type Work } from '../shared-work.ts';
import { MemoryBudget } from './memory-budget.ts';
import { ModelHost, type ModelHostOptions } from './model-host.ts';

interface ModelPoolOptions {
  /** What all runners together may hold; Infinity: no limit. */
  readonly maxMemoryBytes: number;
}

/** The models in use, one host each. A model is resolved and loaded once, however many ask for it at the same time. */
export class ModelPool<E = never> {
  readonly #hosts = new Map<string, ModelHost>();
  readonly #resolutions = new SharedWork<ModelHost, E>();
  readonly #budget: MemoryBudget | undefined;
  #closed = false;

  constructor({ maxMemoryBytes }: ModelPoolOptions) {
    this.#budget = maxMemoryBytes === Infinity ? undefined : new MemoryBudget(maxMemoryBytes, () => this.#hosts.values());
  }

  /** All models that were resolved, by their keys. */
  get hosts(): ReadonlyMap<string, ModelHost> {
    return this.#hosts;
  }

  /** The host for `key`, made from `resolve` at its first request; what failed is tried anew by the next one. */
  async host(key: string, resolve: Work<Omit<ModelHostOptions, 'makeRoom'>, E>, waiter: Waiter<E> = {}): Promise<ModelHost> {
    const budget = this.#budget;
    const work: Work<ModelHost, E> = async (signal, emit) => {
      const options = await resolve(signal, emit);
      const host = new ModelHost({
        ...options,
        makeRoom: budget === undefined ? undefined : (asking) => budget.makeRoom(asking),
      });
      if (this.#closed) void host.close();
      this.#hosts.set(key, host);
      return host;
    };
    const known = this.#hosts.get(key);
    return known !== undefined && !known.unloadable ? known : this.#resolutions.join(key, work, waiter);
  }

  /** Ends all runners; who waits for a model gets `reason`. */
  async close(reason: unknown): Promise<void> {
    this.#closed = true;
    await this.#resolutions.close(reason);
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }
}
