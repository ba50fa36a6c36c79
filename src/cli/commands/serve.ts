import type { Command } from 'commander';
import type { EngineOptions } from '../../engine.ts';
import { OnnxPredictError, reportError } from '../../errors.ts';
import { createAppLog } from '../../http/observation/app-log.ts';
import { createServerLog } from '../../http/observation/server-log.ts';
import { createServer, type Server } from '../../http/server.ts';
import type { ServerOptions } from '../../http/server-options.ts';
import { DEFAULT_SERVER_SETTINGS } from '../../http/server-settings.ts';
import { printable } from '../../printable-text.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { EXIT } from '../exit-status.ts';
import { toEngineOptions } from '../hub-options.ts';
import { isLoopback } from '../loopback.ts';
import { addServeOptions, type ServeFlags } from '../serve-options.ts';

const MAX_QUEUED_BYTES = 512 * 1024 * 1024;
const MIB = 1024 * 1024;

const EXAMPLES = `
Examples:
  the API, with documentation at http://127.0.0.1:8000/docs:
    onnx-predict serve
  ready only once t5 and mit-b0 are loaded, which then stay in memory:
    onnx-predict serve --preload t5,mit-b0 --keep-alive forever
  for others, who need a key (see "onnx-predict keys --help"):
    onnx-predict serve --host 0.0.0.0 --api-keys keys.txt --rate-limit 60/m
  without a download, with the built-in models under the usual names:
    onnx-predict serve --alias mit-b0=tiny --alias t5=tiny --alias bart=tiny

Durations are 500ms, 30s, 5m, 1h; sizes 512MiB, 4GB. In a variable, several
values stand between commas. A flag wins over its variable. Requests may use the
models mit-b0, t5, bart, tiny and those named by --alias, and no others.
Exit status: 0 ended by SIGTERM or SIGINT, with all answers given; 2 wrong
usage, or nothing can listen there; 4 a model of --preload could not be had; 130
and 143 ended at once by a second signal.`;

/** Adds `serve` to the program. */
export function addServeCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('serve')
    .summary('answer over HTTP')
    .description('Answer over HTTP: pictures and texts in, labels and summaries out.');
  addServeOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((flags: ServeFlags) => serve(flags, dependencies));
}

async function serve(flags: ServeFlags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, signal, acceptSignal, setExitStatus, createEngine } = dependencies;
  checkHost(flags);
  const writeLine = (line: string) => void terminal.stderr.write(line);
  const appLog =
    flags.logFile === undefined
      ? undefined
      : createAppLog({ path: flags.logFile, onFailure: (message) => createServerLog({ writeLine }).logger.warn(message) });
  const { logger, onRequest } = createServerLog({ writeLine, appLog });
  const aliases = [...new Set([...DEFAULT_SERVER_SETTINGS.aliases, ...Object.keys(flags.alias ?? {})])];
  checkPreload(flags, aliases);
  const engine = await createEngine({ ...toServeEngineOptions(flags), logger }, { oneShot: false });
  try {
    const server = createServer(engine, { ...toServerOptions(flags, aliases), logger, onRequest });
    const { url } = await server.listen({ host: flags.host, port: flags.port });
    writeLine(`Listening on ${url} (docs at /docs)\n`);
    appLog?.write('info', `listening on ${url}`);
    const failure = await untilSignalled(server, signal);
    if (failure !== undefined) terminal.writeDiagnostic(printable(`A model could not be preloaded. ${failure}`));
    else appLog?.write('info', 'shutting down');
    await server.close({ timeoutMs: flags.shutdownTimeout });
    if (failure === undefined) acceptSignal();
    else setExitStatus(EXIT.noModel);
  } finally {
    await engine.close();
    await appLog?.close();
  }
}

/** @returns why a model could not be preloaded; undefined once the server shall end */
async function untilSignalled(server: Server, signal: AbortSignal): Promise<string | undefined> {
  const signalled = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const failed = server.preloaded.then(
    () => signalled,
    (error: unknown) => reportError(error).message,
  );
  return Promise.race([signalled, failed]);
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
function checkHost({ host, insecure, apiKeys }: ServeFlags): void {
  if (apiKeys !== undefined || insecure === true || isLoopback(host)) return;
  throw new OnnxPredictError(
    'INVALID_ARGUMENT',
    `The host ${host} can be reached from other machines, and without keys whoever reaches the port could use this server. ` +
      'Make a key with "onnx-predict keys add NAME --file FILE" and add --api-keys FILE, or add --insecure where the network ' +
      'or a proxy keeps others out.',
  );
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
function checkPreload({ preload = [] }: ServeFlags, aliases: readonly string[]): void {
  const unknown = preload.find((name) => !aliases.includes(name));
  if (unknown === undefined) return;
  throw new OnnxPredictError(
    'INVALID_ARGUMENT',
    `--preload ${unknown}: requests cannot use a model of that name. Name one of ${aliases.join(', ')}, or add --alias ${unknown}=MODEL.`,
  );
}

function toServeEngineOptions(flags: ServeFlags): EngineOptions {
  const { alias, threads, device, keepAlive, maxMemory, maxQueue, maxWait } = flags;
  return {
    ...toEngineOptions(flags),
    device,
    ...(alias === undefined ? {} : { aliases: alias }),
    ...(threads === undefined ? {} : { numThreads: threads }),
    ...(keepAlive === Infinity ? {} : { keepAliveMs: keepAlive }),
    ...(maxMemory === undefined ? {} : { maxMemoryBytes: maxMemory }),
    queue: { maxCost: maxQueue, maxBytes: MAX_QUEUED_BYTES, ...(maxWait === undefined ? {} : { maxWaitMs: maxWait }) },
  };
}

function toServerOptions(flags: ServeFlags, aliases: readonly string[]): ServerOptions {
  const { preload, dtype, maxUploadMb, maxBatchItems, maxBatchMb, pingInterval, corsOrigin } = flags;
  const { apiKeys, rateLimit, trustedProxy, rootPath } = flags;
  return {
    aliases,
    dtype,
    maxUploadBytes: maxUploadMb * MIB,
    pingIntervalMs: pingInterval,
    maxBatchItems,
    maxBatchBytes: maxBatchMb * MIB,
    ...(preload === undefined ? {} : { preload }),
    ...(corsOrigin === undefined ? {} : { corsOrigins: corsOrigin }),
    ...(apiKeys === undefined ? {} : { apiKeyFile: apiKeys }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(trustedProxy === undefined ? {} : { trustedProxies: trustedProxy }),
    ...(rootPath === undefined ? {} : { rootPath }),
  };
}
