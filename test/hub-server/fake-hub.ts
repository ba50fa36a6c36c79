import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { commitFiles, type FakeFile, type FakeRepository } from './fake-repository.ts';
import { describeReconstruction, packXorb, XET_TOKEN, XET_TYPE } from './fake-xet.ts';
import { type Misbehaviour, sendContent } from './send-content.ts';

/** A request that came, and what it got. */
interface SeenRequest {
  /** `hub` is asked first; `cdn` is the other host, to which it sends for large files. */
  readonly host: 'hub' | 'cdn';
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** The file's name in the repository, if it was about one. */
  readonly path: string | undefined;
  status: number;
  /** Of a file's content. */
  bytesSent: number;
}

/** What a server does instead of what it should. */
export interface Reaction extends Misbehaviour {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Closes the connection when it has sent the body, of which there should have been more. */
  readonly cutBody?: boolean;
  /** Closes the connection without an answer. */
  readonly hangUp?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
}

export interface FakeHubOptions {
  /** Without it, only files are served, as simple mirrors do. */
  readonly api?: boolean;
  /** Large files say that they are in Xet storage. */
  readonly xet?: boolean;
}

/** A server on loopback that behaves as the Hugging Face Hub does, and another for large files. */
export interface FakeHub extends AsyncDisposable {
  readonly url: string;
  readonly cdnUrl: string;
  readonly requests: SeenRequest[];
  /** Asked before each answer. */
  react: ((request: SeenRequest) => Reaction | undefined) | undefined;
  addRepository(
    id: string,
    files: Readonly<Record<string, Buffer>>,
    options?: { readonly token?: string; readonly gated?: boolean; readonly tags?: string[] },
  ): { readonly repository: FakeRepository; readonly commit: string };
}

export async function startFakeHub({ api = true, xet = false }: FakeHubOptions = {}): Promise<FakeHub> {
  const repositories = new Map<string, FakeRepository>();
  const requests: SeenRequest[] = [];

  const answerAs =
    (host: SeenRequest['host'], answer: (request: IncomingMessage, response: ServerResponse, seen: SeenRequest) => unknown) =>
    (request: IncomingMessage, response: ServerResponse) => {
      response.on('error', () => {});
      const { range, authorization } = request.headers;
      const { method = 'GET', url = '/' } = request;
      const seen: SeenRequest = { host, method, url, range, authorization, path: pathOf(url), status: 0, bytesSent: 0 };
      requests.push(seen);
      response.once('close', () => {
        seen.status = response.statusCode;
      });
      const reaction = hub.react?.(seen);
      if (reaction?.silent === true) return;
      if (reaction?.hangUp === true) return void request.socket.destroy();
      if (reaction?.cutBody === true) {
        response.writeHead(200, { 'content-length': 1000 }).write(reaction.body ?? '[', () => request.socket.end());
        return;
      }
      if (reaction?.status !== undefined) {
        return void response.writeHead(reaction.status, reaction.headers).end(reaction.body ?? '');
      }
      misbehaviours.set(seen, reaction ?? {});
      answer(request, response, seen);
    };
  const misbehaviours = new WeakMap<SeenRequest, Misbehaviour>();

  function answerHub(request: IncomingMessage, response: ServerResponse, seen: SeenRequest): unknown {
    const url = new URL(request.url ?? '/', 'http://hub');
    const [, isApi, id = '', kind, rest = ''] =
      /^\/(api\/models\/)?([^/]+\/[^/]+)\/(revision|tree|resolve|resolve-cache|xet-read-token)\/(.*)$/.exec(url.pathname) ?? [];
    if (isApi !== undefined && !api && kind !== 'resolve-cache') return void response.writeHead(404).end('Not Found');
    const repository = repositories.get(id);
    const allowed = repository?.token === undefined || seen.authorization === `Bearer ${repository.token}`;
    if (kind === undefined || repository === undefined || !allowed) return fail(response, 401, 'RepoNotFound');
    const [encoded = '', ...parts] = rest.split('/');
    const revision = decodeURIComponent(encoded);
    const commit = repository.refs.get(revision) ?? revision;
    const files = repository.commits.get(commit);
    if (files === undefined) return fail(response, 404, 'RevisionNotFound');
    if (kind === 'revision') return sendInfo(response, repository, commit);
    if (kind === 'tree') return sendTree(response, files, xet);
    if (kind === 'xet-read-token') return sendJson(response, { accessToken: XET_TOKEN, casUrl: hub.cdnUrl, exp: 4_102_444_800 });
    if (repository.gated) return fail(response, 403, 'GatedRepo');
    const file = files.get(parts.map(decodeURIComponent).join('/'));
    if (file === undefined) return fail(response, 404, 'EntryNotFound', { 'x-repo-commit': commit });
    return sendFile(request, response, { seen, file, commit, id, isCacheRoute: kind === 'resolve-cache' });
  }

  function sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    {
      seen,
      file,
      commit,
      id,
      isCacheRoute,
    }: { seen: SeenRequest; file: FakeFile; commit: string; id: string; isCacheRoute: boolean },
  ): void {
    const common = { 'x-repo-commit': commit, etag: `"${file.etag}"` };
    if (file.lfs && xet && request.headers.accept?.includes(XET_TYPE) === true) {
      const links = [
        `<${hub.url}/api/models/${id}/xet-read-token/${commit}>; rel="xet-auth"`,
        `<${hub.cdnUrl}/v1/reconstructions/${file.etag}?path=${encodeURIComponent(file.path)}>; rel="xet-reconstruction-info"`,
      ];
      const size = { 'x-linked-etag': `"${file.etag}"`, 'x-linked-size': String(file.content.length) };
      response.writeHead(200, { ...common, ...size, 'content-type': XET_TYPE, 'x-xet-hash': file.etag, link: links.join(', ') });
      response.end('{}');
    } else if (file.lfs) {
      const linked = { 'x-linked-etag': `"${file.etag}"`, 'x-linked-size': String(file.content.length) };
      const location = `${hub.cdnUrl}/${id}/${file.etag}?path=${encodeURIComponent(file.path)}`;
      response.writeHead(302, { ...common, ...linked, location }).end('Found. Redirecting');
    } else if (isCacheRoute) {
      const misbehaviour = misbehaviours.get(seen) ?? {};
      void sendContent(request, response, { content: file.content, headers: common, misbehaviour, count: counter(seen) });
    } else {
      const location = `/api/models/${id}/resolve-cache/${commit}/${file.path}`;
      response.writeHead(307, { ...common, location }).end('Temporary Redirect');
    }
  }

  function answerCdn(request: IncomingMessage, response: ServerResponse, seen: SeenRequest): unknown {
    const etag = /\/([0-9a-f]{64})(?:\?|$)/.exec(request.url ?? '')?.[1];
    const all = [...repositories.values()].flatMap(({ commits }) =>
      [...commits.values()].flatMap((files) => [...files.values()]),
    );
    const file = all.find((each) => each.etag === etag);
    if (file === undefined) return void response.writeHead(404).end();
    const misbehaviour = misbehaviours.get(seen) ?? {};
    if (request.url?.startsWith('/v2/reconstructions/') === true) {
      if (seen.authorization !== `Bearer ${XET_TOKEN}`) return void response.writeHead(401).end();
      return sendJson(
        response,
        describeReconstruction(file, seen.range, `${hub.cdnUrl}/xorb/${file.etag}?path=${encodeURIComponent(file.path)}`),
      );
    }
    if (request.url?.startsWith('/xorb/') === true) {
      return void sendContent(request, response, {
        content: packXorb(file.content),
        headers: {},
        misbehaviour,
        count: counter(seen),
      });
    }
    // As object stores do, it names the content otherwise than the Hub.
    const headers = { etag: '"d41d8cd98f00b204e9800998ecf8427e-1"' };
    return sendContent(request, response, { content: file.content, headers, misbehaviour, count: counter(seen) });
  }

  const [hubServer, cdnServer] = await Promise.all([
    listen(answerAs('hub', answerHub), '127.0.0.1'),
    listen(answerAs('cdn', answerCdn), 'localhost'),
  ]);
  const hub: FakeHub = {
    url: `http://127.0.0.1:${(hubServer.address() as AddressInfo).port}`,
    cdnUrl: `http://localhost:${(cdnServer.address() as AddressInfo).port}`,
    requests,
    react: undefined,
    addRepository(id, files, { token, gated = false, tags = [] } = {}) {
      const repository: FakeRepository = { id, refs: new Map(), commits: new Map(), tags, token, gated };
      repositories.set(id, repository);
      return { repository, commit: commitFiles(repository, files) };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([hubServer, cdnServer].map(close));
    },
  };
  return hub;
}

function counter(seen: SeenRequest): (numBytes: number) => void {
  return (numBytes) => {
    seen.bytesSent += numBytes;
  };
}

function fail(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'x-error-code': code, 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: code }));
}

function sendInfo(response: ServerResponse, { id, tags, gated, token }: FakeRepository, commit: string): void {
  const info = { _id: '0', id, sha: commit, tags, gated, private: token !== undefined, downloads: 0, likes: 0 };
  sendJson(response, { ...info, lastModified: '2024-03-15T00:00:00.000Z' });
}

function sendTree(response: ServerResponse, files: ReadonlyMap<string, FakeFile>, xet: boolean): void {
  const folders = new Set(
    [...files.keys()].flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : [])),
  );
  const entries = [...files.values()].map(({ path, content, lfs, etag }) => ({
    type: 'file',
    path,
    size: content.length,
    oid: lfs ? '0'.repeat(40) : etag,
    ...(lfs ? { lfs: { oid: etag, size: content.length, pointerSize: 134 } } : {}),
    ...(lfs && xet ? { xetHash: etag } : {}),
  }));
  sendJson(response, [...[...folders].map((path) => ({ type: 'directory', path, size: 0, oid: '0'.repeat(40) })), ...entries]);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}

function pathOf(url: string): string | undefined {
  const path = /\/resolve(?:-cache)?\/[^/]+\/([^?]*)/.exec(url)?.[1] ?? /[?&]path=([^&]*)/.exec(url)?.[1];
  return path === undefined ? undefined : decodeURIComponent(path);
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void, host: string): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
