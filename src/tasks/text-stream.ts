/** Gives a growing text in parts: together they are the text. */
export interface TextStream {
  /** What can be given now that the text is so far. What may still change is held back. */
  advance(text: string): string;
  /** The rest of the text. */
  end(text: string): string;
}

export function createTextStream(): TextStream {
  let given = '';

  function give(text: string): string {
    if (!text.startsWith(given)) return '';
    const part = text.slice(given.length);
    given = text;
    return part;
  }

  return {
    // The bytes of a character may come in several tokens, and the last word may go on.
    advance: (text) => give(text.slice(0, Math.max(0, text.lastIndexOf(' ')))),
    end: give,
  };
}
