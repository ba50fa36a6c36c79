/** The one file that reads and writes `process.env`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const TELEMETRY_VARIABLE = 'ORT_DISABLE_TELEMETRY';
export const OPTION_VARIABLE_PREFIX = 'ONNX_PREDICT_';
const TUNABLES_VARIABLE = 'GLIBC_TUNABLES';
/** 1: madvise. Other C libraries ignore it. */
const LARGE_PAGES = 'glibc.malloc.hugetlb';
const DEFAULT_ENDPOINT = 'https://huggingface.co';
/** What huggingface_hub takes for yes, in upper case. */
const TRUE_VALUES: ReadonlySet<string> = new Set(['1', 'ON', 'YES', 'TRUE']);

/** Proxies by the scheme of what is asked for; null where none is set. */
export interface ProxySettings {
  readonly http: string | null;
  readonly https: string | null;
  /** Hosts that are asked directly, separated by commas. */
  readonly noProxy: string;
}

/** The Hugging Face Hub as the environment describes it, by the names and the precedence of Python's huggingface_hub. */
export interface HubEnvironment {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Absolute, as the working folder may change. */
  readonly cacheDir: string;
  readonly token: string | null;
  /** A file that may hold a token; null where none may be sent unasked. */
  readonly tokenPath: string | null;
  readonly offline: boolean;
  readonly progressBars: boolean;
  readonly symlinks: boolean;
  readonly xet: boolean;
  readonly proxies: ProxySettings;
}

/** Tells ONNX Runtime, if this process is going to load it, not to report usage to its maker. */
export function disableTelemetry(): void {
  process.env[TELEMETRY_VARIABLE] = '1';
}

/**
 * The environment of a runner process: this one's, with ONNX Runtime's telemetry off from the first instruction on, and with
 * large pages for what glibc allocates, unless the user decided on that: a decoder's step makes megabytes of new tensors, and
 * their small pages cost more to have than to fill.
 */
export function runnerEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const tunables = env[TUNABLES_VARIABLE]?.split(':') ?? [];
  const decided = tunables.some((tunable) => tunable.startsWith(`${LARGE_PAGES}=`));
  if (!decided) tunables.push(`${LARGE_PAGES}=1`);
  return { ...env, [TELEMETRY_VARIABLE]: '1', [TUNABLES_VARIABLE]: tunables.join(':') };
}

/**
 * Reads what huggingface_hub 1.x reads (its constants.py and utils/_auth.py). An empty variable counts as unset, where Python
 * would take the empty path for the working folder.
 */
export function readHubEnvironment(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): HubEnvironment {
  const expand = (path: string) => resolve(expandPath(path, env, home));
  const hfHome = expand(env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'huggingface'));
  const implicitToken = !isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN']);
  return {
    endpoint: (env['HF_ENDPOINT'] || DEFAULT_ENDPOINT).replace(/\/+$/, ''),
    cacheDir: expand(env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(hfHome, 'hub')),
    token: implicitToken ? cleanToken(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']) : null,
    tokenPath: implicitToken ? expand(env['HF_TOKEN_PATH'] || join(hfHome, 'token')) : null,
    offline: isTrue(env['HF_HUB_OFFLINE'] || env['TRANSFORMERS_OFFLINE']),
    progressBars: !isTrue(env['HF_HUB_DISABLE_PROGRESS_BARS']),
    symlinks: !isTrue(env['HF_HUB_DISABLE_SYMLINKS']),
    xet: !isTrue(env['HF_HUB_DISABLE_XET']),
    proxies: {
      http: env['http_proxy'] || env['HTTP_PROXY'] || null,
      https: env['https_proxy'] || env['HTTPS_PROXY'] || null,
      noProxy: env['no_proxy'] || env['NO_PROXY'] || '',
    },
  };
}

/** Where prepared models are kept, and whether models are prepared at all. */
export interface PreparedEnvironment {
  /** Absolute, as the working folder may change. */
  readonly dir: string;
  /** As it was given, in lower case; null where nothing is said. */
  readonly prepare: string | null;
}

/** Reads ONNX_PREDICT_PREPARED_DIR and ONNX_PREDICT_PREPARE. */
export function readPreparedEnvironment(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): PreparedEnvironment {
  const cache = env['XDG_CACHE_HOME'] || join(home, '.cache');
  const dir = env[`${OPTION_VARIABLE_PREFIX}PREPARED_DIR`] || join(cache, 'onnx-predict', 'prepared');
  return { dir: resolve(expandPath(dir, env, home)), prepare: env[`${OPTION_VARIABLE_PREFIX}PREPARE`]?.toLowerCase() || null };
}

/** Where the configuration file is. */
export interface ConfigLocation {
  /** Absolute. */
  readonly path: string;
  /** Whether the user named it: one that is named must be there. */
  readonly named: boolean;
}

/** ONNX_PREDICT_CONFIG, else `onnx-predict/config.json` below XDG_CONFIG_HOME or `~/.config`. */
export function readConfigLocation(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): ConfigLocation {
  const named = env[`${OPTION_VARIABLE_PREFIX}CONFIG`];
  if (named) return { path: resolve(expandPath(named, env, home)), named: true };
  return { path: resolve(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'onnx-predict', 'config.json'), named: false };
}

/** The variables that stand for a command's options, by their names without `ONNX_PREDICT_`. An empty one counts as unset. */
export function readOptionVariables(env: NodeJS.ProcessEnv = process.env): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith(OPTION_VARIABLE_PREFIX) && value ? [[name.slice(OPTION_VARIABLE_PREFIX.length), value]] : [],
    ),
  );
}

/** A token without the line end that a file or a shell left on it; null if nothing is left. */
export function cleanToken(token: string | undefined): string | null {
  return token?.replace(/[\r\n]/g, '').trim() || null;
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE_VALUES.has(value.toUpperCase());
}

/** The key for a server of ours that is asked; it is in no option, as other users of the machine see those. */
export function readServerKey(env: NodeJS.ProcessEnv = process.env): string | null {
  return cleanToken(env[`${OPTION_VARIABLE_PREFIX}API_KEY`]);
}

/** A path of the configuration file: `~` and variables as in the Hub's, and relative to `folder`. */
export function resolveConfigPath(path: string, folder: string, env = process.env, home: string = homedir()): string {
  return resolve(folder, expandPath(path, env, home));
}

/** `~` at the beginning, `$NAME` and `${NAME}` as Python's expanduser and expandvars resolve them: unknown names stay. */
function expandPath(path: string, env: NodeJS.ProcessEnv, home: string): string {
  const absolute = /^~(?=$|[\\/])/.test(path) ? home + path.slice(1) : path;
  return absolute.replace(/\$(?:(\w+)|\{(\w+)\})/g, (text, bare: string | undefined, braced: string | undefined) => {
    return env[bare ?? braced ?? ''] ?? text;
  });
}
