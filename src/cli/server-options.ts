import { type Command, Option } from 'commander';
import { OnnxPredictError } from '../errors.ts';
import type { ServerConnection } from './remote/server-connection.ts';

/** The flags with which a command says that a running server is to be asked. */
export interface ServerFlags {
  readonly server?: string;
  readonly apiKeyFile?: string;
}

/** What a running server decides for itself. */
const DECIDED_THERE = ['dtype', 'revision', 'cacheDir', 'offline', 'threads', 'maxPixels', 'stream', 'preparedDir', 'prepare'];
const DEFAULT_SERVER = 'http://127.0.0.1:8000';

const serverOption = () => new Option('--server <url>', 'ask this running server, http://127.0.0.1:8000 say');

const apiKeyFileOption = () => new Option('--api-key-file <file>', 'its key (or in ONNX_PREDICT_API_KEY)');

/** Adds the flags that let a server answer instead of this process. */
export function addServerOptions(command: Command): Command {
  return command.addOption(serverOption()).addOption(apiKeyFileOption());
}

/**
 * Refuses flags that mean nothing to a server that runs already.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function checkServerFlags(command: Command, flags: ServerFlags): void {
  if (!asksServer(flags)) return;
  const given = command.options.find((option) => {
    const name = option.attributeName();
    return DECIDED_THERE.includes(name) && command.getOptionValueSource(name) === 'cli';
  });
  if (given === undefined) return;
  const message = `${given.long} is for the server to decide (${flags.server}): leave it out, or add --server "" to run the model here.`;
  throw new OnnxPredictError('INVALID_ARGUMENT', message);
}

/** Whether a server is to be asked: an empty address takes a setting back. */
export function asksServer({ server = '' }: ServerFlags): boolean {
  return server !== '';
}

/** Connects to the server that the flags name, else to the one that "serve" starts by itself. */
export async function openServer({ server = '', apiKeyFile }: ServerFlags): Promise<ServerConnection> {
  const { connectServer } = await import('./remote/server-connection.ts');
  return connectServer({ server: server || DEFAULT_SERVER, apiKeyFile });
}
