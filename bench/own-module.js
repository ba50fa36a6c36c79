import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));

/**
 * A module as onnx-predict has it, and not the version that a peer has brought.
 * @param {string} name
 */
export function ownModule(name) {
  return require(name);
}
