import * as v from 'valibot';
import { isAddressRange } from '../address-range.ts';
import type { Logger } from '../logger.ts';
import { isRootPath } from '../root-path.ts';
import { aliasSchema, type Dtype, DtypeSchema, parseArgument } from '../schemas.ts';
import { isWebOrigin } from '../web-origin.ts';
import type { RateLimit } from './access/rate-limit.ts';
import type { RequestRecord } from './observation/request-record.ts';
import { DEFAULT_SERVER_SETTINGS, type ServerSettings } from './server-settings.ts';

const bytesSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const timeoutSchema = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(MAX_TIMEOUT_MS),
);

/** `*`, or a scheme, a host and perhaps a port. */
const corsOriginSchema = v.pipe(
  v.string(),
  v.check((origin) => origin === '*' || isWebOrigin(origin), 'must be * or an origin, as https://example.org'),
);

const addressRangeSchema = v.pipe(
  v.string(),
  v.check(isAddressRange, 'must be loopback, linklocal, private, an address or a network, as 10.1.0.0/16'),
);

const rootPathSchema = v.pipe(
  v.string(),
  v.check((path) => path === '' || isRootPath(path), 'must be a path without a slash at its end, as /tools/predict'),
);

const rateLimitSchema = v.strictObject({
  requests: bytesSchema,
  periodMs: v.pipe(v.number(), v.finite('must be finite'), v.gtValue(0, 'must be greater than 0')),
});

const ServerOptionsSchema = v.strictObject({
  aliases: v.optional(v.pipe(v.array(aliasSchema), v.nonEmpty('must not be empty'))),
  maxUploadBytes: v.optional(bytesSchema),
  maxBatchItems: v.optional(bytesSchema),
  maxBatchBytes: v.optional(bytesSchema),
  maxHeldBytes: v.optional(bytesSchema),
  corsOrigins: v.optional(v.array(corsOriginSchema)),
  requestTimeoutMs: v.optional(timeoutSchema),
  pingIntervalMs: v.optional(timeoutSchema),
  trustedProxies: v.optional(v.array(addressRangeSchema)),
  rootPath: v.optional(rootPathSchema),
  apiKeyFile: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
  rateLimit: v.optional(rateLimitSchema),
  preload: v.optional(v.array(aliasSchema)),
  dtype: v.optional(DtypeSchema),
  maxConnections: v.optional(bytesSchema),
  logger: v.optional(v.object({ debug: v.function(), info: v.function(), warn: v.function() })),
  onRequest: v.optional(v.function('must be a function')),
});

export const ListenOptionsSchema = v.strictObject({
  host: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty')), '127.0.0.1'),
  port: v.optional(
    v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'), v.maxValue(65_535)),
    8000,
  ),
});

export const CloseOptionsSchema = v.strictObject({
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(0, 'must not be negative'), v.maxValue(MAX_TIMEOUT_MS)), 30_000),
});

/** Options of `createServer()`. */
export interface ServerOptions extends Partial<ServerSettings> {
  /** Aliases of models that are loaded before the server is ready. */
  readonly preload?: readonly string[];
  /**
   * A file of API keys, as `onnx-predict keys` writes it, which is read again when it changes. Routes but `/`, the health routes
   * and the documentation then ask for one. Default: everyone may call.
   */
  readonly apiKeyFile?: string;
  /** Of each key or, without keys, of each client's address. Default: no limit. */
  readonly rateLimit?: RateLimit;
  /** The number format that models are asked in. Default `fp32`. */
  readonly dtype?: Dtype;
  /** More connections at a time are refused. Default 2048. */
  readonly maxConnections?: number;
  /** Without one the server is silent. */
  readonly logger?: Logger;
  /** Told of every request when it is over. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/** @throws OnnxPredictError INVALID_ARGUMENT naming the field */
export function checkServerOptions(options: ServerOptions): ServerSettings {
  const parsed = parseArgument(ServerOptionsSchema, options);
  const maxUploadBytes = parsed.maxUploadBytes ?? DEFAULT_SERVER_SETTINGS.maxUploadBytes;
  const settings: ServerSettings = {
    aliases: parsed.aliases ?? DEFAULT_SERVER_SETTINGS.aliases,
    maxUploadBytes,
    // One upload is always let in.
    maxHeldBytes: parsed.maxHeldBytes ?? Math.max(DEFAULT_SERVER_SETTINGS.maxHeldBytes, maxUploadBytes),
    maxBatchItems: parsed.maxBatchItems ?? DEFAULT_SERVER_SETTINGS.maxBatchItems,
    maxBatchBytes: parsed.maxBatchBytes ?? DEFAULT_SERVER_SETTINGS.maxBatchBytes,
    corsOrigins: parsed.corsOrigins ?? DEFAULT_SERVER_SETTINGS.corsOrigins,
    requestTimeoutMs: parsed.requestTimeoutMs ?? DEFAULT_SERVER_SETTINGS.requestTimeoutMs,
    trustedProxies: parsed.trustedProxies ?? DEFAULT_SERVER_SETTINGS.trustedProxies,
    rootPath: parsed.rootPath ?? DEFAULT_SERVER_SETTINGS.rootPath,
    pingIntervalMs: parsed.pingIntervalMs ?? DEFAULT_SERVER_SETTINGS.pingIntervalMs,
  };
  const PreloadSchema = v.object({
    preload: v.array(v.picklist(settings.aliases, `must be one of ${settings.aliases.join(', ')}`)),
  });
  parseArgument(PreloadSchema, { preload: parsed.preload ?? [] });
  return settings;
}
