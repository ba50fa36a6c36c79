/** What one of several that wait for the same work has to say. */
export interface Waiter<E> {
  /** Aborting leaves; the work itself ends when nobody is left. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: E) => void) | undefined;
}

export type Work<T, E> = (signal: AbortSignal, emit: (event: E) => void) => Promise<T>;

/** One that waits now. */
interface Listener<E> {
  readonly onEvent: Waiter<E>['onEvent'];
  readonly fail: (error: unknown) => void;
}

interface Running<T, E> {
  readonly controller: AbortController;
  readonly listeners: Set<Listener<E>>;
  readonly result: Promise<T>;
}

/** Work that is done once however many ask for it at the same time, under one key each. */
export class SharedWork<T, E = never> {
  readonly #running = new Map<string, Running<T, E>>();
  /** All work that has not ended yet, also what nobody waits for any more. */
  readonly #unsettled = new Set<Promise<T>>();

  #closed: { readonly reason: unknown } | undefined;

  /**
   * Waits for the work of `key`, which is begun unless it already runs.
   * @throws what the work throws, or the waiter's own `onEvent`; the waiter's signal's reason once it is aborted; the reason of
   *   `close` after it
   */
  async join(key: string, work: Work<T, E>, { signal, onEvent }: Waiter<E> = {}): Promise<T> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed.reason;
    const running = this.#running.get(key) ?? this.#begin(key, work);
    let leave = (_reason: unknown) => {};
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    const onAbort = () => leave(signal?.reason);
    const listener: Listener<E> = {
      onEvent,
      fail(error) {
        running.listeners.delete(listener);
        leave(error);
      },
    };
    running.listeners.add(listener);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([running.result, left]);
    } catch (error) {
      running.listeners.delete(listener);
      if (running.listeners.size === 0) this.#end(key, running, error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      running.listeners.delete(listener);
    }
  }

  /** Ends all work, for good; who waits for it, or asks from now on, gets `reason`. Resolves when it has cleaned up after itself. */
  async close(reason: unknown): Promise<void> {
    this.#closed ??= { reason };
    for (const [key, running] of this.#running) this.#end(key, running, reason);
    await Promise.allSettled(this.#unsettled);
  }

  #begin(key: string, work: Work<T, E>): Running<T, E> {
    const controller = new AbortController();
    const listeners = new Set<Listener<E>>();
    const result = work(controller.signal, (event) => {
      for (const listener of listeners) tell(listener, event);
    });
    const running = { controller, listeners, result };
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

/** A listener that throws, now or later, fails alone: the work is not its own. */
function tell<E>({ onEvent, fail }: Listener<E>, event: E): void {
  try {
    const told: unknown = onEvent?.(event);
    if (told instanceof Promise) told.catch(fail);
  } catch (error) {
    fail(error);
  }
}
