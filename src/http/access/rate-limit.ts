/** So many requests at once, and as many again over a period. */
export interface RateLimit {
  readonly requests: number;
  readonly periodMs: number;
}

/** Whether a request may be answered, and how its sender stands. */
export interface RateLimitDecision {
  readonly allowed: boolean;
  /** How many more would be allowed at this moment. */
  readonly remaining: number;
  /** Of a refused one: until one is allowed again. Of an allowed one: until all are. */
  readonly resetMs: number;
}

/** Where it is counted who asked how much: in this process, or where several servers see it. */
export interface RateLimitStore {
  /** @param id of whose requests are counted together */
  take(id: string, limit: RateLimit): RateLimitDecision | Promise<RateLimitDecision>;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

const DEFAULT_MAX_BUCKETS = 10_000;

/**
 * Counts in memory, by token buckets. Of the many who may ask, those are forgotten who have not asked for longest: their buckets
 * are the fullest, and a full one is as good as none.
 */
export function createMemoryRateLimitStore({
  maxBuckets = DEFAULT_MAX_BUCKETS,
  nowMs = () => performance.now(),
}: {
  readonly maxBuckets?: number;
  readonly nowMs?: () => number;
} = {}): RateLimitStore {
  // In the order of their last use, the oldest first.
  const buckets = new Map<string, Bucket>();

  return {
    take(id, { requests, periodMs }) {
      const now = nowMs();
      const perMs = requests / periodMs;
      const bucket = buckets.get(id) ?? { tokens: requests, atMs: now };
      const tokens = Math.min(requests, bucket.tokens + (now - bucket.atMs) * perMs);
      const allowed = tokens >= 1;
      const left = allowed ? tokens - 1 : tokens;
      buckets.delete(id);
      buckets.set(id, { tokens: left, atMs: now });
      if (buckets.size > maxBuckets) buckets.delete(buckets.keys().next().value!);
      return { allowed, remaining: Math.floor(left), resetMs: ((allowed ? requests : 1) - left) / perMs };
    },
  };
}
