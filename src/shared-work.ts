/** What one of several that wait for the same work has to say. */
export interface Waiter<E> {
  /** Aborting leaves; the work itself ends when nobody is left. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: E) => void) | undefined;
}

export type Work<T, E> = (signal: AbortSignal, emit: (event: E) => void) => Promise<T>;

interface Running<T, E> {
  readonly controller: AbortController;
  readonly waiters: Set<Waiter<E>>;
  readonly result: Promise<T>;
}

/** Work that is done once however many ask for it at the same time, under one key each. */
export class SharedWork<T, E = never> {
  readonly #running = new Map<string, Running<T, E>>();
  /** All work that has not ended yet, also what nobody waits for any more. */
  readonly #unsettled = new Set<Promise<T>>();

  /**
   * Waits for the work of `key`, which is begun unless it already runs.
   * @throws what the work throws; the waiter's signal's reason once it is aborted
   */
  async join(key: string, work: Work<T, E>, waiter: Waiter<E> = {}): Promise<T> {
    const { signal } = waiter;
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.waiters.add(waiter);
    let onAbort = () => {};
    const left = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal?.reason);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([running.result, left]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      running.waiters.delete(waiter);
      if (running.waiters.size === 0) this.#end(key, running, signal?.reason);
    }
  }

  /** Ends all work; who waits for it gets `reason`. Resolves when it has cleaned up after itself. */
  async close(reason: unknown): Promise<void> {
    for (const [key, running] of this.#running) this.#end(key, running, reason);
    await Promise.allSettled(this.#unsettled);
  }

  #begin(key: string, work: Work<T, E>): Running<T, E> {
    const controller = new AbortController();
    const waiters = new Set<Waiter<E>>();
    const result = work(controller.signal, (event) => {
      for (const { onEvent } of waiters) onEvent?.(event);
    });
    const running = { controller, waiters, result };
    this.#running.set(key, running);
    this.#unsettled.add(result);
    const forget = () => {
      this.#unsettled.delete(result);
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    result.then(forget, forget);
    return running;
  }

  #end(key: string, running: Running<T, E>, reason: unknown): void {
    // Who asks from now on begins anew.
    if (this.#running.get(key) === running) this.#running.delete(key);
    running.controller.abort(reason);
  }
}
