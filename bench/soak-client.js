import { request as httpRequest } from 'node:http';

/** @typedef {import('./soak-requests.js').SoakRequest} SoakRequest */
/** @typedef {import('./judge-outcome.js').Outcome} Outcome */

/** Much longer than anything waits: what takes longer is lost. */
const PATIENCE_MS = 120_000;

/**
 * Makes one request and says what became of it; never throws.
 * @param {string} url
 * @param {SoakRequest} request
 * @param {object} [options]
 * @param {import('node:http').Agent} [options.agent]
 * @param {{ afterMs: number, halfSent: boolean }} [options.breakOff] destroys the socket so long after the body, or half of it, was sent
 * @returns {Promise<Outcome>}
 */
export function ask(url, { method, path, contentType, body }, { agent, breakOff } = {}) {
  const startMs = performance.now();
  const headers = body === undefined ? {} : { 'content-type': contentType, 'content-length': body.length };
  return new Promise((resolve) => {
    let cancelled = false;
    const sent = httpRequest(`${url}${path}`, { method, headers, agent }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', fail);
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response;
        const retryAfter = headers['retry-after'];
        const answer = { status, body: comparable(Buffer.concat(chunks).toString('utf8')) };
        settle({ ...answer, ...(retryAfter === undefined ? {} : { retryAfter }) });
      });
    });
    /** @param {NodeJS.ErrnoException} error */
    function fail({ code, message }) {
      settle({ failure: code ?? message });
    }
    /** @param {Partial<Outcome>} what */
    function settle(what) {
      clearTimeout(patience);
      resolve({ startMs, endMs: performance.now(), cancelled, ...what });
    }
    const patience = setTimeout(() => sent.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)), PATIENCE_MS);
    sent.once('error', fail);
    // An answer may come before all was sent, and the connection end: later errors are of no concern.
    sent.on('error', () => {});
    if (breakOff === undefined) {
      sent.end(body);
      return;
    }
    if (breakOff.halfSent && body !== undefined) sent.write(body.subarray(0, body.length >> 1));
    else sent.end(body);
    setTimeout(() => {
      cancelled = true;
      sent.destroy();
    }, breakOff.afterMs);
  });
}

/**
 * An answer without what differs from time to time.
 * @param {string} text
 * @returns {unknown}
 */
function comparable(text) {
  try {
    const { timings: _, ...rest } = JSON.parse(text);
    return rest;
  } catch {
    return text;
  }
}
