import { allCommands, type CommandNode, type ValueKind } from './command-tree.ts';
import { functionsForModels } from './model-names.ts';

/** A script for bash 3.2 and newer: it starts no process but what bash itself does. */
export function bashScript(tree: CommandNode, aliases: readonly string[]): string {
  const commands = [tree, ...allCommands(tree)];
  return `# Completion of onnx-predict for bash; in ~/.bashrc: source <(onnx-predict completion bash)
${functionsForModels(aliases)}
__onnx_predict_reply() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done
}

_onnx_predict() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" word i
  COMPREPLY=()
  # "=" is a word of its own.
  if [[ $cur == "=" ]]; then cur=""
  elif [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$command $word" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ${quote([path.slice(0, -1).join(' '), path.at(-1)!].join(' '))}) command=${quote(path.join(' '))} ;;`)
  .join('\n')}
    esac
  done
  case "$command $prev" in
${commands.flatMap((command) => valueCases(command, tree)).join('\n')}
  esac
  case "$command" in
${commands.map((command) => commandCase(command, tree)).join('\n')}
  esac
}

complete -F _onnx_predict onnx-predict
`;
}

function valueCases({ path, options }: CommandNode, tree: CommandNode): string[] {
  return options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => quote(`${path.join(' ')} ${flag}`)).join(' | ');
    return [`    ${patterns}) ${completeValue(value, tree)} return ;;`];
  });
}

function commandCase({ path, options, commands, argument }: CommandNode, tree: CommandNode): string {
  const flags = options.flatMap((option) => option.flags).join(' ');
  const names = commands.map((command) => command.path.at(-1)!);
  const words = names.length === 0 ? '' : `__onnx_predict_reply < <(compgen -W ${quote(names.join(' '))} -- "$cur");`;
  return `    ${quote(path.join(' '))})
      if [[ $cur == -* ]]; then __onnx_predict_reply < <(compgen -W ${quote(flags)} -- "$cur")
      else ${`${words} ${completeValue(argument, tree)}`.trim() || ':'}
      fi ;;`;
}

function completeValue(value: ValueKind, tree: CommandNode): string {
  const words = (list: string) => `__onnx_predict_reply < <(compgen -W ${list} -- "$cur");`;
  const paths = (kind: string) => `compopt -o filenames 2> /dev/null; __onnx_predict_reply < <(compgen ${kind} -- "$cur");`;
  switch (value.kind) {
    case 'words':
      return words(quote(value.words.join(' ')));
    case 'command':
      return words(quote(tree.commands.map(({ path }) => path[0]!).join(' ')));
    case 'model':
      return `${words('"$(__onnx_predict_models)"')} [[ \${#COMPREPLY[@]} -gt 0 ]] || { ${paths('-d')} };`;
    case 'file':
      return paths('-f');
    case 'folder':
      return paths('-d');
    case 'unknown':
      return '';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
