import type { TextDecoding } from '../preprocessing/tokenizer.ts';

/** Gives a growing text in parts: together they are the text. */
export interface TextStream {
  /**
   * What can be given now.
   * @param finalIds with which the text begins in the end: those of the call before, and perhaps more
   */
  advance(finalIds: Int32Array): string;
  /** The rest of the text. */
  end(text: string): string;
}

export function createTextStream(decoding: TextDecoding): TextStream {
  let numIds = 0;
  let numGiven = 0;
  return {
    advance(finalIds) {
      const part = decoding.add(finalIds.subarray(numIds));
      numIds = finalIds.length;
      numGiven += part.length;
      return part;
    },
    end: (text) => text.slice(numGiven),
  };
}
