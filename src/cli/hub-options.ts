import { Option } from 'commander';
import type { EngineOptions } from '../engine.ts';

/** The flags with which a command says where models are looked for. */
export interface HubFlags {
  readonly offline?: true;
  readonly cacheDir?: string;
}

export const offlineOption = () => new Option('--offline', 'ask nothing of the Hugging Face Hub (HF_HUB_OFFLINE=1)');

export const cacheDirOption = () =>
  new Option('--cache-dir <folder>', 'Hugging Face cache folder (default: HF_HUB_CACHE, as Python has it)');

export const revisionOption = () => new Option('--revision <name>', 'branch, tag or commit of the repository (default: main)');

/** The engine's options for these flags. */
export function toEngineOptions({ offline, cacheDir }: HubFlags): EngineOptions {
  return { ...(offline === undefined ? {} : { offline }), ...(cacheDir === undefined ? {} : { cacheDir }) };
}
