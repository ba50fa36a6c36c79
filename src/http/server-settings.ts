/** How a server answers. What is left out of `createServer(engine, options)` is filled in from `DEFAULT_SERVER_SETTINGS`. */
export interface ServerSettings {
  /** The names of models that a request may use, which the engine knows: no request can name a repository, a path or an address. */
  readonly aliases: readonly string[];
  /** Of one uploaded file. */
  readonly maxUploadBytes: number;
  /** Pictures or texts in one request. */
  readonly maxBatchItems: number;
  /** Of all files, or the whole body, of a request with several. */
  readonly maxBatchBytes: number;
  /** Of the bodies of requests that arrive or wait, files in the temporary folder included; more is refused with 429. */
  readonly maxHeldBytes: number;
  /** Who may call from a browser: origins, or `*`. None: no CORS headers, and OPTIONS is not allowed. */
  readonly corsOrigins: readonly string[];
  /** A request whose headers or body do not arrive within this time is ended. */
  readonly requestTimeoutMs: number;
  /**
   * Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, networks (`10.1.0.0/16`), `loopback`,
   * `linklocal`, `private`. None: the client is who is connected.
   */
  readonly trustedProxies: readonly string[];
  /** What a proxy puts before every path (`/tools/predict`), whether it takes it away again or not; '' for nothing. */
  readonly rootPath: string;
  /** A stream of events that has been silent for so long gets a comment, which keeps it open. */
  readonly pingIntervalMs: number;
}

export const DEFAULT_SERVER_SETTINGS: ServerSettings = {
  aliases: ['mit-b0', 't5', 'bart', 'tiny'],
  maxUploadBytes: 20 * 1024 * 1024,
  maxBatchItems: 64,
  maxBatchBytes: 100 * 1024 * 1024,
  maxHeldBytes: 512 * 1024 * 1024,
  corsOrigins: [],
  requestTimeoutMs: 60_000,
  trustedProxies: [],
  rootPath: '',
  pingIntervalMs: 10_000,
};
