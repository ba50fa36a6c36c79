import { type Command, Option } from 'commander';
import type { EngineOptions } from '../engine.ts';
import { type Device, DeviceSchema, type Dtype, DtypeSchema } from '../schemas.ts';
import {
  cacheDirOption,
  type HubFlags,
  noPrepareOption,
  offlineOption,
  preparedDirOption,
  revisionOption,
  toEngineOptions,
} from './hub-options.ts';
import { PerCallOption } from './option-kinds.ts';
import { wholeNumber } from './option-values.ts';
import { addServerOptions, type ServerFlags } from './server-options.ts';

/** The flags of every command that asks a model. */
export interface ModelFlags extends HubFlags {
  readonly model: string;
  readonly revision?: string;
  readonly json?: true;
}

/** The flags of every command that runs a model. */
export interface RunFlags extends ModelFlags, ServerFlags {
  readonly dtype: Dtype;
  readonly threads?: number;
  readonly device: Device;
  readonly quiet?: true;
  /** A file for the results, as JSON lines. */
  readonly out?: string;
  readonly resume?: true;
}

export const modelOption = (aliases: string, fallback: string) =>
  new Option('-m, --model <model>', `alias (${aliases}), model folder or organisation/name[@revision]`).default(fallback);

export const dtypeOption = () =>
  new Option('--dtype <dtype>', 'number format of the weights').choices(DtypeSchema.options).default('fp32');

export const deviceOption = () => new Option('--device <device>', 'what computes').choices(DeviceSchema.options).default('cpu');

export const threadsOption = () =>
  new Option('--threads <count>', 'threads to compute with (default: all that this machine grants)').argParser(wholeNumber(1));

/** Adds the flags that say which model runs, and where it is looked for. */
export function addModelOptions(command: Command, aliases: string, fallback: string): Command {
  return command
    .addOption(modelOption(aliases, fallback))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(preparedDirOption())
    .addOption(noPrepareOption());
}

/** Adds the flags that say how the answers are written, and with what they are computed. */
export function addAnswerOptions(command: Command, answer: string): Command {
  return addServerOptions(command)
    .addOption(new Option('--json', 'one JSON object per line').conflicts('quiet'))
    .addOption(new Option('-q, --quiet', `the bare ${answer}`))
    .addOption(threadsOption())
    .addOption(
      new PerCallOption('--out <file>', 'write the answers into this file, one JSON object per line').conflicts('stream'),
    )
    .addOption(new PerCallOption('--resume', 'go on with that file: skip what it has an answer for'))
    .addOption(deviceOption());
}

/** The engine's options for these flags. */
export function toRunOptions(flags: RunFlags): EngineOptions {
  const { device } = flags;
  return { ...toEngineOptions(flags), device, ...(flags.threads === undefined ? {} : { numThreads: flags.threads }) };
}
