const MAX_REASON_LENGTH = 200;

/**
 * One that is measured again and again.
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => Promise<void>} run
 */

/**
 * Runs all in turns, so that all of them see the same machine. One that fails is named and left out from then on.
 * @param {readonly Contestant[]} contestants
 * @param {number} rounds
 * @param {(contestant: string, reason: string) => void} onFailure
 */
export async function takeTurns(contestants, rounds, onFailure) {
  const failed = new Set();
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      if (failed.has(contestant)) continue;
      process.stderr.write(`round ${round} of ${rounds}: ${contestant.name}\n`);
      try {
        await contestant.run();
      } catch (error) {
        failed.add(contestant);
        onFailure(contestant.name, reasonOf(error));
      }
    }
  }
}

/**
 * The line of what a program wrote that says what is wrong.
 * @param {unknown} error
 */
export function reasonOf(error) {
  const message = String(error instanceof Error ? error.message : error).replace(/^.* ended with \S+: /, '');
  const lines = message.split('\n').map((line) => line.trim());
  const line = lines.findLast((line) => /^\[?\w*Error\b.*:/.test(line)) ?? lines.findLast((line) => line !== '') ?? 'it failed';
  return line.slice(0, MAX_REASON_LENGTH);
}
