import type { Context } from 'koa';
import { customerNetwork } from '../../address-range.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import type { Route } from '../route.ts';
import type { KeyRing } from './key-ring.ts';
import { presentedKey } from './presented-key.ts';
import { createMemoryRateLimitStore, type RateLimit, type RateLimitDecision, type RateLimitStore } from './rate-limit.ts';

/** Lets a request to a route through. @throws Refusal 401, 429 */
export type Guard = (context: Context, route: Pick<Route, 'open'>) => Promise<void>;

export interface GuardOptions {
  /** Without keys everyone is let in. */
  readonly keys?: Pick<KeyRing, 'identify'> | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly store?: RateLimitStore;
  /** Apart from the other, so that strangers push nobody out of it. */
  readonly failures?: RateLimitStore;
}

/** For requests with a wrong key, or none, from one address. */
const FAILURE_LIMIT: RateLimit = { requests: 10, periodMs: 60_000 };

/** Asks for a key, and counts the requests of each key, or of each address where there are no keys. Open routes are not guarded. */
export function createGuard({
  keys,
  rateLimit,
  store = createMemoryRateLimitStore(),
  failures = createMemoryRateLimitStore(),
}: GuardOptions): Guard {
  return async (context, { open = false }) => {
    if (open) return;
    const state = requestState(context);
    const network = customerNetwork(state.client ?? '');
    if (keys !== undefined) {
      const key = keys.identify(presentedKey(context.req.headers));
      // A right key is let in however often others at its address were wrong: no stranger can lock it out.
      if (key === undefined) throw refuseKey(await failures.take(network, FAILURE_LIMIT));
      state.key = key;
    }
    if (rateLimit === undefined) return;
    const decision = await store.take(state.key === undefined ? `address ${network}` : `key ${state.key}`, rateLimit);
    context.set(describeDecision(decision, rateLimit));
    if (!decision.allowed) throw refuseTooMany('Too many requests; Retry-After says when to ask again.', decision);
  };
}

function refuseKey(decision: RateLimitDecision): Refusal {
  if (!decision.allowed) return refuseTooMany('Too many requests without an API key that is known here.', decision);
  const detail = 'An API key is needed, as Authorization: Bearer or x-api-key, that is known here.';
  return new Refusal(401, detail, { 'WWW-Authenticate': 'Bearer' });
}

function refuseTooMany(detail: string, { resetMs }: RateLimitDecision): Refusal {
  return new Refusal(429, detail, { 'Retry-After': String(toSeconds(resetMs)) });
}

/** https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-06.html: seconds, as in Retry-After. */
function describeDecision({ remaining, resetMs }: RateLimitDecision, { requests }: RateLimit): Record<string, string> {
  return {
    'RateLimit-Limit': String(requests),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(toSeconds(resetMs)),
  };
}

/** Rounded up: who comes back then is not refused. */
function toSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000);
}
