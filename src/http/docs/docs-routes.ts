import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Route } from '../route.ts';
import type { OpenApiDocument } from './openapi.ts';
import { createStaticFile, type StaticFile, sendStaticFile } from './static-file.ts';

const HTML = 'text/html; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** Where the build puts the files, each compressed: `scripts/build-public.js`. */
const PUBLIC_FOLDER = new URL('../public/', import.meta.url);

/** The sources of style that Redoc needs beside its own elements' (which are empty, and filled by script): its scrollbars' rules. */
const REDOC_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
];

/** All that is served, and nothing else is: no path of a request becomes a path on the disk. */
const PAGES: readonly Page[] = [
  { path: '/docs', name: 'docs.html', inlineStyles: [] },
  { path: '/docs/oauth2-redirect', name: 'oauth2-redirect.html', inlineStyles: [] },
  { path: '/redoc', name: 'redoc.html', inlineStyles: REDOC_STYLES },
];
const ASSETS: Readonly<Record<string, string>> = {
  'api-document.js': JAVASCRIPT,
  'docs.css': CSS,
  'docs.js': JAVASCRIPT,
  'oauth2-redirect.js': JAVASCRIPT,
  'redoc.js': JAVASCRIPT,
  'redoc.standalone.js': JAVASCRIPT,
  'redoc.standalone.js.LICENSE.txt': TEXT,
  'swagger-ui-bundle.js': JAVASCRIPT,
  'swagger-ui-bundle.js.LICENSE.txt': TEXT,
  'swagger-ui.css': CSS,
};

interface Page {
  readonly path: string;
  readonly name: string;
  /** Hashes of the style elements that scripts may add. */
  readonly inlineStyles: readonly string[];
}

export interface DocsOptions {
  readonly document: OpenApiDocument;
  /** Default: beside this file. */
  readonly publicFolder?: URL;
}

/** The pages for people who use the API, from our own files: Swagger UI, Redoc, what they load, and the document they show. */
export function createDocsRoutes({ document, publicFolder = PUBLIC_FOLDER }: DocsOptions): Route[] {
  const open = (name: string, type: string) => createStaticFile(type, () => readFile(new URL(`${name}.gz`, publicFolder)));
  const openApi = createStaticFile('application/json', () => promisify(gzip)(JSON.stringify(document)));
  return [
    createStaticRoute('/openapi.json', openApi),
    ...PAGES.map(({ path, name, inlineStyles }) =>
      createStaticRoute(path, open(name, HTML), { 'Content-Security-Policy': contentSecurityPolicy(inlineStyles) }),
    ),
    ...Object.entries(ASSETS).map(([name, type]) => createStaticRoute(`/docs/assets/${name}`, open(name, type))),
  ];
}

function createStaticRoute(path: string, file: StaticFile, headers: Readonly<Record<string, string>> = {}): Route {
  return {
    method: 'GET',
    path,
    documentation: null,
    handle: async (context) => {
      context.set(headers);
      await sendStaticFile(context, file);
    },
  };
}

/** What a page may load and do: our own files, pictures inside them, and requests to this server. */
function contentSecurityPolicy(inlineStyles: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    ["style-src 'self'", ...inlineStyles].join(' '),
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
