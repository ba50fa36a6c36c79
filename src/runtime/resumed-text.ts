/** A text that comes in parts, perhaps from its beginning again: a runner that died is followed by another. */
export interface ResumedText {
  /** What of this part was not given yet. */
  add(part: string): string;
  /** The text begins again. */
  restart(): void;
}

export function createResumedText(): ResumedText {
  let length = 0;
  let numGiven = 0;
  return {
    add(part) {
      const fresh = part.slice(Math.max(0, numGiven - length));
      length += part.length;
      numGiven = Math.max(numGiven, length);
      return fresh;
    },
    restart() {
      length = 0;
    },
  };
}
