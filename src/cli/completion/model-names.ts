/** Where the cache is, by the variables that decide it in src/config.ts, in the words of sh. */
const CACHE = `"\${ONNX_PREDICT_CACHE_DIR:-\${HF_HUB_CACHE:-\${HUGGINGFACE_HUB_CACHE:-\${HF_HOME:-\${XDG_CACHE_HOME:-$HOME/.cache}/huggingface}/hub}}}"`;

/** A function for bash and zsh that prints the names of models: the aliases, and what is in the cache. */
export function functionsForModels(aliases: readonly string[]): string {
  return `__onnx_predict_models() {
  local cache=${CACHE} name
  printf '%s\\n' ${aliases.join(' ')}
  for name in "$cache"/models--*--*/snapshots/*/onnx; do
    [ -d "$name" ] || continue
    name="\${name#"$cache"/models--}"
    name="\${name%%/*}"
    printf '%s\\n' "\${name%%--*}/\${name#*--}"
  done
}
`;
}
