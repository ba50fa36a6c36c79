/**
 * What a request's answer must be: recorded while the server did nothing else.
 * @typedef {object} Reference
 * @property {number} status
 * @property {unknown} body without what may differ from time to time
 */

/**
 * What became of a request, with times by one clock.
 * @typedef {object} Outcome
 * @property {number} startMs
 * @property {number} endMs
 * @property {boolean} cancelled this side broke it off
 * @property {string} [failure] why there was no whole answer
 * @property {number} [status]
 * @property {string} [retryAfter]
 * @property {unknown} [body] without what may differ from time to time
 */

/**
 * A runner that was killed.
 * @typedef {object} Kill
 * @property {number} atMs when the signal was sent
 * @property {number} noticedMs when the server said that it is gone; Infinity until then
 * @property {string | undefined} model whose runner it was; undefined until the server said so
 */

/** @typedef {'right' | 'refused' | 'crashed' | 'cancelled' | 'wrong' | 'lost'} Verdict */

const MAX_SCORE_DIFFERENCE = 1e-4;
const CRASHED = 'The process that ran the model ended unexpectedly; send the request again.';

/**
 * Judges one request. Right: as when it was alone. Refused: 429 or 503 with a Retry-After, where there is a queue. Crashed: 500 for that
 * reason, and the runner of its model was killed while it was under way. Cancelled: this side broke it off before there was an answer.
 * Lost: no whole answer came. Everything else is wrong.
 * @param {{ readonly model: string | null, readonly reference: Reference }} request null: it waits for no model
 * @param {Outcome} outcome
 * @param {readonly Kill[]} kills
 * @returns {Verdict}
 */
export function judgeOutcome({ model, reference }, outcome, kills) {
  const { status, body, cancelled, failure } = outcome;
  if (failure !== undefined || status === undefined) return cancelled ? 'cancelled' : 'lost';
  if (status === reference.status && sameValue(body, reference.body)) return 'right';
  if (model === null) return 'wrong';
  if (status === 429 || status === 503) return /^[1-9]\d*$/.test(outcome.retryAfter ?? '') ? 'refused' : 'wrong';
  if (status !== 500 || !sameValue(body, { detail: CRASHED })) return 'wrong';
  return kills.some((kill) => mayHaveHit(kill, model, outcome)) ? 'crashed' : 'wrong';
}

/** @param {Kill} kill @param {string} model @param {Outcome} outcome */
function mayHaveHit(kill, model, { startMs, endMs }) {
  return (kill.model ?? model) === model && startMs <= kill.noticedMs && endMs >= kill.atMs;
}

/**
 * Numbers that are no integers, which only scores are, may differ by 1e-4; all else not at all.
 * @param {unknown} actual
 * @param {unknown} expected
 * @returns {boolean}
 */
export function sameValue(actual, expected) {
  if (typeof actual === 'number' && typeof expected === 'number') {
    const exact = Number.isInteger(actual) && Number.isInteger(expected);
    return exact ? actual === expected : Math.abs(actual - expected) <= MAX_SCORE_DIFFERENCE;
  }
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null)
    return actual === expected;
  if (Array.isArray(actual) !== Array.isArray(expected)) return false;
  const [left, right] = [Object.entries(actual), new Map(Object.entries(expected))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && sameValue(value, right.get(key)));
}
