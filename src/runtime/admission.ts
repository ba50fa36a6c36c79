import { OnnxPredictError } from '../errors.ts';
import type { RequestCost } from './request-cost.ts';

export interface AdmissionLimits {
  /** Of what waits and runs. */
  readonly maxCost: number;
  readonly maxBytes: number;
}

/** A request's place among those that wait and run. */
export interface Admitted {
  /** Gives the place back. `answered`: its work was done, so that it says how long such work takes. */
  release(outcome: { readonly answered: boolean }): void;
}

/** Before anything was measured. */
const ASSUMED_MS_PER_COST = 1000;
/** Of what older answers weigh against a new one. */
const DECAY = 0.9;
const MAX_RETRY_AFTER_MS = 120_000;
const NOTHING: RequestCost = { cost: 0, bytes: 0 };

/** Bounds what waits and runs, over all models, by estimated cost and by bytes held, and measures how fast it goes. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #held = new Map<string, RequestCost>();
  #cost = 0;
  #bytes = 0;
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
    const cost = requests.reduce((sum, request) => sum + request.cost, 0);
    const bytes = requests.reduce((sum, request) => sum + request.bytes, 0);
    const idle = this.#cost === 0;
    const excess = Math.max(this.#cost + cost - this.#limits.maxCost, this.#bytes + bytes > this.#limits.maxBytes ? cost : 0);
    if (!idle && excess > 0) throw this.#full(excess);
    if (idle) this.#sinceMs = performance.now();
    return requests.map((request) => this.#take(key, request));
  }

  /** What waits and runs for one model. */
  held(key: string): RequestCost {
    return this.#held.get(key) ?? NOTHING;
  }

  #take(key: string, { cost, bytes }: RequestCost): Admitted {
    this.#hold(key, { cost, bytes });
    let released = false;
    return {
      release: ({ answered }) => {
        if (released) return;
        released = true;
        this.#hold(key, { cost: -cost, bytes: -bytes });
        if (answered) this.#measure(cost);
      },
    };
  }

  #hold(key: string, { cost, bytes }: RequestCost): void {
    const held = this.held(key);
    this.#held.set(key, { cost: held.cost + cost, bytes: held.bytes + bytes });
    this.#cost += cost;
    this.#bytes += bytes;
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
