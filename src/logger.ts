/** What the engine tells an operator of itself. Texts, images, paths of inputs and keys never go through it. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

/** The library is silent unless it is handed a logger. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {} };
