import { OnnxPredictError } from '../errors.ts';
import type { RequestCost } from './request-cost.ts';

export interface AdmissionLimits {
  /** Of what waits and runs. */
  readonly maxCost: number;
  readonly maxBytes: number;
}

/** A request's place among those that wait and run. */
export interface Admitted {
  /**
   * Gives the place back. `answered`: its work was done, so that it says how long such work takes; `loadMs`: how long its model was
   * not there at first, which says nothing of that.
   */
  release(outcome: { readonly answered: boolean; readonly loadMs?: number }): void;
}

/** Before anything was measured. */
const ASSUMED_MS_PER_COST = 1000;
/** Of what older answers weigh against a new one. */
const DECAY = 0.9;
const MAX_RETRY_AFTER_MS = 120_000;

interface Held extends RequestCost {
  readonly numRequests: number;
}

const NOTHING: Held = { cost: 0, bytes: 0, numRequests: 0 };

/** Bounds what waits and runs, over all models, by estimated cost and by bytes held, and measures how fast it goes. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #held = new Map<string, Held>();
  #all: Held = NOTHING;
  /** Since when there was work without a pause, or the last answer, by performance.now(). */
  #sinceMs = 0;
  #measured = { costs: 0, ms: 0 };

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Takes a request of one model in, as `admitAll` does. */
  admit(key: string, request: RequestCost): Admitted {
    return this.admitAll(key, [request])[0]!;
  }

  /**
   * Takes requests of one model in, all of them or none. What comes alone is always taken, however large.
   * @throws OnnxPredictError QUEUE_FULL, with the time after which there should be room
   */
  admitAll(key: string, requests: readonly RequestCost[]): Admitted[] {
    const cost = requests.reduce((total, request) => total + request.cost, 0);
    const bytes = requests.reduce((total, request) => total + request.bytes, 0);
    const idle = this.#all.numRequests === 0;
    const { maxCost, maxBytes } = this.#limits;
    const excess = Math.max(this.#all.cost + cost - maxCost, this.#all.bytes + bytes > maxBytes ? cost : 0);
    if (!idle && excess > 0) throw this.#full(excess);
    if (idle) this.#sinceMs = performance.now();
    return requests.map((request) => this.#take(key, request));
  }

  #take(key: string, { cost, bytes }: RequestCost): Admitted {
    this.#hold(key, { cost, bytes, numRequests: 1 });
    const admittedMs = performance.now();
    let released = false;
    return {
      release: ({ answered, loadMs = 0 }) => {
        if (released) return;
        released = true;
        this.#hold(key, { cost: -cost, bytes: -bytes, numRequests: -1 });
        if (loadMs > 0) this.#sinceMs = Math.max(this.#sinceMs, admittedMs + loadMs);
        if (answered) this.#measure(cost);
      },
    };
  }

  /** What waits and runs for one model. */
  held(key: string): RequestCost {
    const { cost, bytes } = this.#held.get(key) ?? NOTHING;
    return { cost, bytes };
  }

  #hold(key: string, change: Held): void {
    const held = sum(this.#held.get(key) ?? NOTHING, change);
    if (held.numRequests === 0) this.#held.delete(key);
    else this.#held.set(key, held);
    this.#all = sum(this.#all, change);
  }

  #measure(cost: number): void {
    const nowMs = performance.now();
    const { costs, ms } = this.#measured;
    this.#measured = { costs: costs * DECAY + cost, ms: ms * DECAY + nowMs - this.#sinceMs };
    this.#sinceMs = nowMs;
  }

  #full(excess: number): OnnxPredictError {
    const { costs, ms } = this.#measured;
    const msPerCost = costs === 0 ? ASSUMED_MS_PER_COST : ms / costs;
    const retryAfterMs = Math.min(Math.max(excess * msPerCost, 1), MAX_RETRY_AFTER_MS);
    const seconds = Math.ceil(retryAfterMs / 1000);
    return new OnnxPredictError('QUEUE_FULL', `Too much work is waiting; try again in ${seconds} s.`, { retryAfterMs });
  }
}

/** Nothing is held by no request: costs are no whole numbers, and taking away what was added leaves a rest. */
function sum(held: Held, change: Held): Held {
  const numRequests = held.numRequests + change.numRequests;
  if (numRequests === 0) return NOTHING;
  return { cost: held.cost + change.cost, bytes: held.bytes + change.bytes, numRequests };
}
