import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { CommandDependencies } from './command-dependencies.ts';
import { PerCallOption } from './option-kinds.ts';
import { describeVariables } from './option-settings.ts';
import { useSettings } from './use-settings.ts';

type AddCommand = (program: Command, dependencies: CommandDependencies) => void;

/** In the order of the help. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map<string, () => Promise<AddCommand>>([
  ['classify', async () => (await import('./commands/classify.ts')).addClassifyCommand],
  ['summarize', async () => (await import('./commands/summarize.ts')).addSummarizeCommand],
  ['tokenize', async () => (await import('./commands/tokenize.ts')).addTokenizeCommand],
  ['serve', async () => (await import('./commands/serve.ts')).addServeCommand],
  ['ps', async () => (await import('./commands/ps.ts')).addPsCommand],
  ['stop', async () => (await import('./commands/stop.ts')).addStopCommand],
  ['keys', async () => (await import('./commands/keys.ts')).addKeysCommand],
  ['pull', async () => (await import('./commands/pull.ts')).addPullCommand],
  ['prepare', async () => (await import('./commands/prepare.ts')).addPrepareCommand],
  ['export', async () => (await import('./commands/export.ts')).addExportCommand],
  ['import', async () => (await import('./commands/import.ts')).addImportCommand],
  ['list', async () => (await import('./commands/list.ts')).addListCommand],
  ['show', async () => (await import('./commands/show.ts')).addShowCommand],
  ['verify', async () => (await import('./commands/verify.ts')).addVerifyCommand],
  ['prune', async () => (await import('./commands/prune.ts')).addPruneCommand],
  ['rm', async () => (await import('./commands/rm.ts')).addRmCommand],
  ['bench', async () => (await import('./commands/bench.ts')).addBenchCommand],
  ['doctor', async () => (await import('./commands/doctor.ts')).addDoctorCommand],
  ['config', async () => (await import('./commands/config.ts')).addConfigCommand],
  ['completion', async () => (await import('./commands/completion.ts')).addCompletionCommand],
]);
/** These tell of all others. */
const ABOUT_COMMANDS: ReadonlySet<string> = new Set(['config', 'completion']);

/**
 * The command line, without the process: it throws where commander would exit.
 * @param args what the user gave: the code of the command that is called is loaded, or for help and typos that of all
 */
export async function createProgram(dependencies: CommandDependencies, args: readonly string[]): Promise<Command> {
  const program = new Command('onnx-predict')
    .description('Name what is in pictures and summarize texts, on your own machine.')
    .version(packageVersion(), '-V, --version')
    .addOption(new PerCallOption('--config <file>', 'configuration file (see "config --help") [ONNX_PREDICT_CONFIG]'))
    .helpCommand(true)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  const called = commandOf(args);
  const only = ABOUT_COMMANDS.has(called) ? undefined : COMMANDS.get(called);
  const loading = only === undefined ? [...COMMANDS.values()] : [only];
  for (const addCommand of await Promise.all(loading.map((load) => load()))) addCommand(program, dependencies);
  for (const command of program.commands) for (const each of [command, ...command.commands]) describeVariables(each);
  return useSettings(program, () => createProgram(dependencies, []));
}

/** The name of the command that the arguments call, perhaps behind `--config FILE`. */
function commandOf(args: readonly string[]): string {
  const [first = '', file] = args;
  if (first === '--config' && file !== undefined) return commandOf(args.slice(2));
  return first.startsWith('--config=') ? commandOf(args.slice(1)) : first;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
