import { allCommands, type CommandNode, type OptionNode, type ValueKind } from './command-tree.ts';
import { functionsForModels } from './model-names.ts';

/** A script for zsh, to be sourced after compinit or to be a file of $fpath. */
export function zshScript(tree: CommandNode, aliases: readonly string[]): string {
  const functions = [tree, ...allCommands(tree)].map((command) => commandFunction(command, tree));
  return `#compdef onnx-predict
# Completion of onnx-predict for zsh; in ~/.zshrc, behind compinit: source <(onnx-predict completion zsh)
${functionsForModels(aliases).replace('{\n', '{\n  setopt localoptions nullglob\n')}
_onnx_predict_model() {
  local -a models
  models=(\${(f)"$(__onnx_predict_models)"})
  _describe -t models model models || _files -/
}

${functions.join('\n')}
if [[ "$funcstack[1]" = _onnx-predict ]]; then ${functionName([])} "$@"; else compdef ${functionName([])} onnx-predict; fi
`;
}

function commandFunction({ path, options, commands, argument }: CommandNode, tree: CommandNode): string {
  const specs = options.map(optionSpec);
  if (commands.length === 0) {
    const action = actionOf(argument, tree);
    return `${functionName(path)}() {
  _arguments -s ${[...specs, ...(action === '' ? [] : [quote(`*:${argument.kind}:${action}`)])].join(' \\\n    ')}
}
`;
  }
  const described = commands.map((command) => quote(`${command.path.at(-1)}:${clean(command.description)}`));
  return `${functionName(path)}() {
  local context state state_descr line
  local -A opt_args
  _arguments -C ${[...specs, quote('1: :->command'), quote('*:: :->rest')].join(' \\\n    ')}
  case $state in
    command)
      local -a commands
      commands=(${described.join(' ')})
      _describe -t commands command commands ;;
    rest)
      case $line[1] in
${commands.map((command) => `        ${command.path.at(-1)}) ${functionName(command.path)} ;;`).join('\n')}
      esac ;;
  esac
}
`;
}

function optionSpec({ flags, description, value }: OptionNode): string {
  const what = value === undefined ? '' : `:${value.kind}:${actionOf(value, undefined)}`;
  const text = `[${clean(description)}]${what}`;
  return flags.length === 1 ? quote(`${flags[0]}${text}`) : `${quote(`(${flags.join(' ')})`)}{${flags.join(',')}}${quote(text)}`;
}

function actionOf(value: ValueKind, tree: CommandNode | undefined): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.join(' ')})`;
    case 'command':
      return `(${tree?.commands.map(({ path }) => path[0]).join(' ')})`;
    case 'model':
      return '_onnx_predict_model';
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'unknown':
      return '';
  }
}

const functionName = (path: readonly string[]) => ['_onnx_predict_cli', ...path].join('_').replaceAll('-', '_');

/** What ends a description of zsh's is left out of it. */
function clean(description: string): string {
  return description.replace(/[[\]:\\]/g, ' ').replace(/ +/g, ' ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
