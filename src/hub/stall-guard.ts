/** Watches that something happens. */
export interface StallGuard {
  /** Aborted after a silence, or with the signal that the guard was made from. */
  readonly signal: AbortSignal;
  /** Something happened. */
  touch(): void;
  close(): void;
}

/** A guard that aborts after `stallMs` without a touch. */
export function watchForStalls(stallMs: number, parent: AbortSignal): StallGuard {
  const controller = new AbortController();
  const abort = () => controller.abort(parent.reason);
  if (parent.aborted) abort();
  else parent.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => controller.abort(stalled(stallMs)), stallMs);
  return {
    signal: controller.signal,
    touch: () => void timer.refresh(),
    close() {
      clearTimeout(timer);
      parent.removeEventListener('abort', abort);
    },
  };
}

function stalled(stallMs: number): Error {
  return Object.assign(new Error(`nothing was heard for ${stallMs / 1000} s`), { code: 'ETIMEDOUT' });
}
