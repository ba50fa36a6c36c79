/** How a server answers. What is left out of `createServer(engine, options)` is filled in from `DEFAULT_SERVER_SETTINGS`. */
export interface ServerSettings {
  /** The names of models that a request may use, which the engine knows: no request can name a repository, a path or an address. */
  readonly aliases: readonly string[];
  /** Of one uploaded file. */
  readonly maxUploadBytes: number;
  /** Of the bodies of requests that arrive or wait, files in the temporary folder included; more is refused with 429. */
  readonly maxHeldBytes: number;
  /** Who may call from a browser: origins, or `*`. None: no CORS headers, and OPTIONS is not allowed. */
  readonly corsOrigins: readonly string[];
  /** A request whose headers or body do not arrive within this time is ended. */
  readonly requestTimeoutMs: number;
  /** A stream of events that has been silent for so long gets a comment, which keeps it open. */
  readonly pingIntervalMs: number;
}

export const DEFAULT_SERVER_SETTINGS: ServerSettings = {
  aliases: ['mit-b0', 't5', 'bart', 'tiny'],
  maxUploadBytes: 20 * 1024 * 1024,
  maxHeldBytes: 512 * 1024 * 1024,
  corsOrigins: [],
  requestTimeoutMs: 60_000,
  pingIntervalMs: 10_000,
};
