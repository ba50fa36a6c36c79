import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanToken, readServerKey } from '../../config.ts';
import { type ErrorCode, OnnxPredictError } from '../../errors.ts';
import { EXIT_STATUS } from '../exit-status.ts';

/** A server of ours that runs elsewhere. */
export interface ServerConnection {
  /** Without a slash at its end. */
  readonly url: string;
  /**
   * Asks for JSON. What is too much for the server now is asked again when it says.
   * @throws OnnxPredictError as the server says; MODEL_NOT_AVAILABLE where it cannot be reached; the signal's reason
   */
  ask(path: string, request?: ServerRequest): Promise<unknown>;
}

interface ServerRequest {
  readonly body?: { readonly type: string; readonly content: Uint8Array | string };
  readonly signal?: AbortSignal | undefined;
  /** What the server means where it names no code: by its status. */
  readonly codes?: Readonly<Record<number, ErrorCode>>;
}

interface ConnectionParts {
  readonly server: string;
  readonly apiKeyFile?: string | undefined;
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

const MAX_TRIES = 6;
/** Longer than this nobody waits before a terminal. */
const MAX_PAUSE_MS = 60_000;
const BUSY_STATUSES: ReadonlySet<number> = new Set([429, 503]);
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Opens the way to a server. Nothing is sent yet.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export async function connectServer({ server, apiKeyFile, pause = wait }: ConnectionParts): Promise<ServerConnection> {
  const url = parseServer(server);
  const key = apiKeyFile === undefined ? readServerKey() : await readKeyFile(apiKeyFile);
  const { Agent, fetch } = await import('undici');
  // A summary may take longer than undici waits by itself.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const headers = { 'user-agent': 'onnx-predict', ...(key === null ? {} : { authorization: `Bearer ${key}` }) };

  async function attempt(path: string, { body, signal }: ServerRequest) {
    const sent = body === undefined ? {} : { method: 'POST', body: body.content };
    try {
      // A redirect would lead the key elsewhere.
      const options = { redirect: 'error', dispatcher, ...sent, ...(signal === undefined ? {} : { signal }) } as const;
      const type = body === undefined ? {} : { 'content-type': body.type };
      const response = await fetch(url + path, { ...options, headers: { ...headers, ...type } });
      return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await readText(response, url) };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OnnxPredictError) throw error;
      throw unreachable(url, error);
    }
  }

  return {
    url,
    async ask(path, request = {}) {
      for (let tries = 1; ; tries++) {
        const { status, retryAfter, text } = await attempt(path, request);
        if (status >= 200 && status < 300) return parseJson(text, url);
        const pauseMs = Number(retryAfter) * 1000;
        const isBusy = BUSY_STATUSES.has(status) && retryAfter !== null && pauseMs >= 0 && pauseMs <= MAX_PAUSE_MS;
        if (!isBusy || tries === MAX_TRIES) throw toError(status, text, { url, codes: request.codes ?? {} });
        await pause(pauseMs, request.signal);
      }
    },
  };
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
export function parseServer(server: string): string {
  const refuse = (problem: string) =>
    new OnnxPredictError('INVALID_ARGUMENT', `The server (--server, ONNX_PREDICT_SERVER) ${problem}.`);
  if (!/^https?:\/\//i.test(server) || !URL.canParse(server)) throw refuse(`is no address: write it as http://127.0.0.1:8000`);
  const url = new URL(server);
  if (url.username !== '' || url.password !== '')
    throw refuse('holds a user name or a password; a key goes into ONNX_PREDICT_API_KEY');
  if (url.search !== '' || url.hash !== '') throw refuse('holds a "?" or a "#"');
  return url.href.replace(/\/+$/, '');
}

async function readKeyFile(path: string): Promise<string> {
  try {
    const key = cleanToken(await readFile(path, 'utf8'));
    if (key !== null && /^[\x21-\x7e]+$/.test(key)) return key;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError('INVALID_ARGUMENT', `The key file ${path} cannot be read (${code}).`, { cause: error });
  }
  throw new OnnxPredictError(
    'INVALID_ARGUMENT',
    `The key file ${path} must hold a key, as "keys add" prints it, and nothing else.`,
  );
}

async function readText({ body }: { readonly body: AsyncIterable<Uint8Array> | null }, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  for await (const chunk of body ?? []) {
    numBytes += chunk.length;
    if (numBytes > MAX_ANSWER_BYTES) throw notOurs(url);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notOurs(url, error);
  }
}

/** The server's own error: its code where it names one that is known here, else by its status. */
function toError(
  status: number,
  text: string,
  { url, codes }: { readonly url: string; readonly codes: Readonly<Record<number, ErrorCode>> },
): OnnxPredictError {
  if (status === 401) {
    const message = `The server ${url} asks for a key: set ONNX_PREDICT_API_KEY, or name a file with --api-key-file.`;
    return new OnnxPredictError('INVALID_ARGUMENT', message);
  }
  const { code, message } = readError(text);
  if (message === undefined) return notOurs(url);
  const known = code !== null && Object.hasOwn(EXIT_STATUS, code) ? (code as ErrorCode) : codes[status];
  return new OnnxPredictError(known ?? 'INTERNAL', `The server ${url} answers: ${message}`);
}

function readError(text: string): { readonly code: string | null; readonly message?: string } {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } };
    if (typeof error?.message !== 'string') return { code: null };
    return { code: typeof error.code === 'string' ? error.code : null, message: error.message };
  } catch {
    return { code: null };
  }
}

function unreachable(url: string, error: unknown): OnnxPredictError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
  const message = `The server ${url} cannot be reached (${reason}). Is it running? "onnx-predict serve" starts one.`;
  return new OnnxPredictError('MODEL_NOT_AVAILABLE', message, { cause: error });
}

function notOurs(url: string, cause?: unknown): OnnxPredictError {
  const message = `What answers at ${url} is no onnx-predict server that knows --server, or a proxy before it.`;
  return new OnnxPredictError('MODEL_NOT_AVAILABLE', message, { cause });
}

async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal });
}
