import { Option } from 'commander';
import type { EngineOptions } from '../engine.ts';

/** The flags with which a command says where models are looked for. */
export interface HubFlags {
  readonly offline?: true;
  readonly cacheDir?: string;
  readonly preparedDir?: string;
  /** False: `--no-prepare`. */
  readonly prepare?: boolean;
}

export const offlineOption = () => new Option('--offline', 'ask nothing of the Hugging Face Hub (HF_HUB_OFFLINE=1)');

export const cacheDirOption = () =>
  new Option('--cache-dir <folder>', 'Hugging Face cache folder (default: HF_HUB_CACHE, as Python has it)');

export const preparedDirOption = () =>
  new Option('--prepared-dir <folder>', 'folder of prepared models (default: in the user’s cache)');

export const noPrepareOption = () => new Option('--no-prepare', 'use the graphs of models as they are');

export const revisionOption = () => new Option('--revision <name>', 'branch, tag or commit of the repository (default: main)');

/** The engine's options for these flags. */
export function toEngineOptions({ offline, cacheDir, preparedDir, prepare }: HubFlags): EngineOptions {
  return {
    ...(offline === undefined ? {} : { offline }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
    ...(preparedDir === undefined ? {} : { preparedDir }),
    ...(prepare === false ? { prepare: 'never' } : {}),
  };
}
