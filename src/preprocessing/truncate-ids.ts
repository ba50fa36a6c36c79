/**
 * Keeps up to `room` ids of those that come, and counts the others without keeping them.
 * @param side where the surplus is cut off
 */
export function truncateIds(
  idLists: Iterable<readonly number[]>,
  room: number,
  side: 'left' | 'right',
): { readonly kept: readonly number[]; readonly droppedTokens: number } {
  let kept: number[] = [];
  let droppedTokens = 0;
  for (const ids of idLists) {
    const fitting = side === 'left' ? ids.length : Math.min(ids.length, room - kept.length);
    for (let i = 0; i < fitting; i++) kept.push(ids[i]!);
    droppedTokens += ids.length - fitting;
    // Now and then rather than each time, so that each id is moved only once.
    if (kept.length > 2 * room + 1024) trim();
  }
  if (kept.length > room) trim();
  return { kept, droppedTokens };

  function trim(): void {
    droppedTokens += kept.length - room;
    kept = kept.slice(kept.length - room);
  }
}
