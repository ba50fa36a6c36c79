import { Argument, type Command } from 'commander';
import type { CommandDependencies } from '../command-dependencies.ts';
import { bashScript } from '../completion/bash.ts';
import { type CommandNode, commandTree } from '../completion/command-tree.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';

const SCRIPTS: Readonly<Record<string, (tree: CommandNode, aliases: readonly string[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const EXAMPLES = `
Examples, of a line for the shell's own file:
  source <(onnx-predict completion bash)           ~/.bashrc
  source <(onnx-predict completion zsh)            ~/.zshrc, behind compinit
  onnx-predict completion fish | source            ~/.config/fish/config.fish

The script completes commands, options, what may stand behind them, models by
their aliases and those in the cache, and files. It starts no program.`;

/** Adds `completion` to the program. */
export function addCompletionCommand(program: Command, { terminal, createEngine }: CommandDependencies): void {
  program
    .command('completion')
    .summary('what lets a shell complete commands')
    .description('Print a script with which a shell completes commands, options and models.')
    .addArgument(new Argument('<shell>', 'whose language it is').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: string) => {
      await using engine = await createEngine({}, { oneShot: true });
      const models = await engine.models.list();
      const aliases = [...new Set(models.map(({ id }) => id).filter((id) => !id.includes('/')))];
      await terminal.writeResult(SCRIPTS[shell]!(commandTree(program), aliases));
    });
}
