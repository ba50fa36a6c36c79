import { createPairTable } from './pair-table.ts';

/** Many texts, found by their first characters. Nodes are numbers; the root is 0. */
export interface TextTrie {
  /** The node one UTF-16 code unit further, or -1. */
  next(node: number, codeUnit: number): number;
  /** The index of the text that ends at `node`, or -1. Of equal texts it is the last. */
  indexAt(node: number): number;
}

/** Builds the trie of `texts`. */
export function buildTextTrie(texts: readonly string[]): TextTrie {
  const maxNodes = texts.reduce((sum, text) => sum + text.length, 1);
  const children = createPairTable(maxNodes);
  const indices = new Int32Array(maxNodes).fill(-1);
  let numNodes = 1;
  for (const [index, text] of texts.entries()) {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = children.get(node, unit);
      if (child === -1) {
        child = numNodes++;
        children.set(node, unit, child);
      }
      node = child;
    }
    indices[node] = index;
  }
  return { next: children.get, indexAt: (node) => indices[node]! };
}

/** The index of `text`, or undefined. */
export function findText({ next, indexAt }: TextTrie, text: string): number | undefined {
  let node = 0;
  for (let i = 0; i < text.length && node !== -1; i++) node = next(node, text.charCodeAt(i));
  const index = node === -1 ? -1 : indexAt(node);
  return index === -1 ? undefined : index;
}
