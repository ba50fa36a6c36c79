import { allCommands, type CommandNode, type ValueKind } from './command-tree.ts';

/** A script for fish 3. */
export function fishScript(tree: CommandNode, aliases: readonly string[]): string {
  const commands = [tree, ...allCommands(tree)];
  return `# Completion of onnx-predict for fish; in config.fish: onnx-predict completion fish | source
function __onnx_predict_models
    set -l cache $HOME/.cache/huggingface/hub
    set -q XDG_CACHE_HOME; and set cache $XDG_CACHE_HOME/huggingface/hub
    set -q HF_HOME; and set cache $HF_HOME/hub
    for name in HUGGINGFACE_HUB_CACHE HF_HUB_CACHE ONNX_PREDICT_CACHE_DIR
        test -n "$$name"; and set cache $$name
    end
    printf '%s\\n' ${aliases.join(' ')}
    for folder in $cache/models--*--*/snapshots/*/onnx
        string replace -r '.*/models--(.+?)--(.+?)/snapshots/.*' '$1/$2' $folder
    end
end

# Whether the words so far call just this command: its path, then whether it has commands of its own.
function __onnx_predict_at
    set -l words (commandline -opc | string match -rv '^-')
    set -e words[1]
    set -l count (count $argv)
    test (count $words) -ge $count; or return 1
    for i in (seq $count)
        test "$words[$i]" = "$argv[$i]"; or return 1
    end
end

function __onnx_predict_only_at
    __onnx_predict_at $argv; and test (count (commandline -opc | string match -rv '^-')) -eq (math (count $argv) + 1)
end

complete -c onnx-predict -f
${commands.flatMap((command) => completions(command, tree)).join('\n')}
`;
}

function completions({ path, options, commands, argument }: CommandNode, tree: CommandNode): string[] {
  const at = quote(['__onnx_predict_at', ...path].join(' '));
  const onlyAt = quote(['__onnx_predict_only_at', ...path].join(' '));
  const argumentWords = valueArguments(argument, tree);
  return [
    ...commands.map((each) => `complete -c onnx-predict -n ${onlyAt} -a ${each.path.at(-1)} -d ${quote(each.description)}`),
    ...options.map(({ flags, description, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
      const condition = path.length === 0 ? onlyAt : at;
      const what = value === undefined ? '' : ` ${valueArguments(value, tree) || '-x'}`;
      return `complete -c onnx-predict -n ${condition} ${names} -d ${quote(description)}${what}`;
    }),
    ...(argumentWords === '' || path.length === 0
      ? []
      : [`complete -c onnx-predict -n ${at} ${argumentWords.replace(/^-[rx]/, argument.kind === 'file' ? '-F' : '-f')}`]),
  ];
}

function valueArguments(value: ValueKind, tree: CommandNode): string {
  switch (value.kind) {
    case 'words':
      return `-x -a ${quote(value.words.join(' '))}`;
    case 'command':
      return `-x -a ${quote(tree.commands.map(({ path }) => path[0]).join(' '))}`;
    case 'model':
      return `-x -a ${quote('(__onnx_predict_models) (__fish_complete_directories)')}`;
    case 'file':
      return '-r';
    case 'folder':
      return `-x -a ${quote('(__fish_complete_directories)')}`;
    case 'unknown':
      return '';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
