import { type Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import { isAddressRange } from '../address-range.ts';
import { isRootPath } from '../root-path.ts';
import { aliasSchema, type Device, type Dtype } from '../schemas.ts';
import { isWebOrigin } from '../web-origin.ts';
import { cacheDirOption, type HubFlags, noPrepareOption, offlineOption, preparedDirOption } from './hub-options.ts';
import { deviceOption, dtypeOption } from './model-options.ts';
import { ListOption } from './option-kinds.ts';
import { byteSize, duration, durationOrForever, port, rate, wholeNumber } from './option-values.ts';

export interface ServeFlags extends HubFlags {
  readonly host: string;
  readonly port: number;
  readonly preload?: readonly string[];
  /** What each name stands for. */
  readonly alias?: Readonly<Record<string, string>>;
  readonly dtype: Dtype;
  readonly threads?: number;
  readonly device: Device;
  readonly maxQueue: number;
  readonly maxWait?: number;
  readonly maxUploadMb: number;
  readonly maxBatchItems: number;
  readonly maxBatchMb: number;
  /** Infinity: for ever. */
  readonly keepAlive: number;
  readonly maxMemory?: number;
  readonly shutdownTimeout: number;
  readonly logFile?: string;
  readonly pingInterval: number;
  readonly corsOrigin?: readonly string[];
  /** A path. */
  readonly apiKeys?: string;
  readonly rateLimit?: ReturnType<typeof rate>;
  readonly trustedProxy?: readonly string[];
  readonly rootPath?: string;
  readonly insecure?: true;
}

const DEFAULT_MAX_QUEUE = 64;
const DEFAULT_MAX_UPLOAD_MB = 20;
const DEFAULT_MAX_BATCH_ITEMS = 64;
const DEFAULT_MAX_BATCH_MB = 100;

export function addServeOptions(command: Command): Command {
  return command
    .addOption(new Option('--host <host>', 'address to listen on').argParser(notEmpty).default('127.0.0.1'))
    .addOption(new Option('--port <port>', 'port to listen on; 0 is any that is free').argParser(port).default(8000))
    .addOption(new ListOption('--preload <names>', 'models to load before the server is ready, t5,mit-b0 say').argParser(aliases))
    .addOption(new ListOption('--alias <name=model>', 'name for a model: an alias, a folder or a repository').argParser(alias))
    .addOption(dtypeOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(noPrepareOption())
    .addOption(offlineOption())
    .addOption(new Option('--threads <count>', 'threads that a model computes with (default: all)').argParser(wholeNumber(1)))
    .addOption(deviceOption())
    .addOption(
      new Option('--max-queue <cost>', 'how much may wait and run, where 1 is a usual request')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_QUEUE),
    )
    .addOption(
      new Option('--max-wait <duration>', 'how long a request may wait (default: as its client does)').argParser(positive),
    )
    .addOption(
      new Option('--max-upload-mb <size>', 'largest file that is accepted, in MiB')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_UPLOAD_MB),
    )
    .addOption(
      new Option('--max-batch-items <count>', 'most pictures or texts in one request')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_BATCH_ITEMS),
    )
    .addOption(
      new Option('--max-batch-mb <size>', 'largest request with several pictures, in MiB')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_BATCH_MB),
    )
    .addOption(
      new Option('--keep-alive <duration>', 'how long an unused model stays in memory; or forever')
        .argParser(durationOrForever)
        .default(duration('5m'), '5m'),
    )
    .addOption(new Option('--max-memory <size>', 'for all models together, 4GB say (default: no limit)').argParser(byteSize))
    .addOption(
      new Option('--shutdown-timeout <duration>', 'how long requests may take to end')
        .argParser(duration)
        .default(duration('30s'), '30s'),
    )
    .addOption(
      new Option('--ping-interval <duration>', 'silence after which a stream of events gets a comment')
        .argParser(positive)
        .default(duration('10s'), '10s'),
    )
    .addOption(new Option('--log-file <path>', 'log to this file too, rotated at 10 MiB').argParser(notEmpty))
    .addOption(new ListOption('--cors-origin <origin>', 'site whose pages may call this server, or *').argParser(origin))
    .addOption(new Option('--api-keys <file>', 'ask for a key of this file, which "keys add" makes').argParser(notEmpty))
    .addOption(
      new Option('--rate-limit <rate>', 'of each key or else address: 10/s, 60/m, 1000/h (default: no limit)').argParser(rate),
    )
    .addOption(
      new ListOption(
        '--trusted-proxy <addresses>',
        'proxies whose X-Forwarded-For is believed: 10.1.0.0/16, loopback, private',
      ).argParser(addressRanges),
    )
    .addOption(new Option('--root-path <prefix>', 'what a proxy puts before every path, /tools/predict say').argParser(rootPath))
    .addOption(new Option('--insecure', 'listen on a host that others can reach, even without keys'));
}

function notEmpty(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must not be empty.');
}

function positive(text: string): number {
  const milliseconds = duration(text);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('It must be longer than nothing.');
}

function aliases(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(',').map((name) => checkAlias(name.trim()))];
}

function alias(text: string, previous: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, name = '', model = ''] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (model.trim() === '') throw new InvalidArgumentError('It must be NAME=MODEL, as t5=./my-t5 or t5=organisation/name.');
  return { ...previous, [checkAlias(name)]: model };
}

function checkAlias(name: string): string {
  const parsed = v.safeParse(aliasSchema, name);
  if (parsed.success) return parsed.output;
  throw new InvalidArgumentError(`A name ${parsed.issues[0].message}.`);
}

function origin(text: string, previous: readonly string[] = []): readonly string[] {
  if (text === '*' || isWebOrigin(text)) return [...previous, text];
  throw new InvalidArgumentError('It must be * or an origin without a path, as https://example.org.');
}

function addressRanges(text: string, previous: readonly string[] = []): readonly string[] {
  const ranges = text.split(',').map((range) => range.trim());
  if (ranges.every(isAddressRange)) return [...previous, ...ranges];
  throw new InvalidArgumentError('It must be an address, a network as 10.1.0.0/16, loopback, linklocal or private.');
}

function rootPath(text: string): string {
  const path = text.replace(/\/$/, '');
  if (path === '' || isRootPath(path)) return path;
  throw new InvalidArgumentError('It must be a path that begins with a slash, as /tools/predict.');
}
