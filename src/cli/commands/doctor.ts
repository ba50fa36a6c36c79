import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import { jsonLine } from '../../printable-text.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import type { Check } from '../doctor/check.ts';
import { checkMachine } from '../doctor/machine.ts';
import { checkModels } from '../doctor/models.ts';
import { checkNetwork } from '../doctor/network.ts';
import { checkParity } from '../doctor/parity.ts';
import { formatReport } from '../doctor/report.ts';
import { checkVersions } from '../doctor/versions.ts';
import { EXIT } from '../exit-status.ts';
import { cacheDirOption, type HubFlags, offlineOption, toEngineOptions } from '../hub-options.ts';
import { threadsOption } from '../model-options.ts';

interface Flags extends HubFlags {
  readonly threads?: number;
  readonly parity?: true;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict doctor
  onnx-predict doctor --parity          answers are Python's on this machine too
  onnx-predict doctor --json | jq '.checks[] | select(.remedy)'

It asks nothing of the network. Exit status: 0 all is well, or only warned of;
1 there is a problem, or an answer is not Python's; 2 wrong usage.`;

/** Adds `doctor` to the program. */
export function addDoctorCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('doctor')
    .summary('what is installed here, and whether it works')
    .description('Look at versions, the machine, the models and the network, and say what to do about what is wrong.')
    .addOption(new Option('--parity', 'compare answers of the built-in models with Python’s'))
    .addOption(threadsOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--json', 'one JSON object'))
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => examine(program.version() ?? '', flags, dependencies));
}

async function examine(version: string, flags: Flags, { terminal, createEngine, signal, setExitStatus }: CommandDependencies) {
  const threads = flags.threads === undefined ? {} : { numThreads: flags.threads };
  await using engine = await createEngine({ ...toEngineOptions(flags), ...threads }, { oneShot: false });
  const cacheDir = resolve(flags.cacheDir ?? readHubEnvironment().cacheDir);
  const checks: readonly Check[] = [
    ...checkVersions(version),
    ...checkMachine(flags.threads),
    ...(await checkModels(engine, { cacheDir, signal })),
    ...(await checkNetwork(flags.offline === true)),
    ...(flags.parity === true ? await checkParity(engine, signal) : []),
  ];
  const healthy = checks.every(({ status }) => status !== 'problem');
  const format = {
    columns: Math.min(terminal.columns, 100),
    color: terminal.stdout.isTTY === true && terminal.stdout.hasColors(),
  };
  await terminal.writeResult(flags.json === true ? `${jsonLine({ ok: healthy, checks })}\n` : formatReport(checks, format));
  if (!healthy) setExitStatus(EXIT.inputFailed);
}
