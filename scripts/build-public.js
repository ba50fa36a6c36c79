// After tsc: puts the files of the web pages into dist/http/public, each compressed once for all requests.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const PROJECT = new URL('../', import.meta.url);
const OWN_FILES = new URL('src/http/public/', PROJECT);
const TARGET = new URL('dist/http/public/', PROJECT);

/** The one picture that Redoc fetches from elsewhere; an address that holds nothing makes it leave its place out. */
const REDOC_LOGO = '"https://cdn.redoc.ly/redoc/logo-mini.svg"';

/** What browsers are sent of packages. */
const findPackageFiles = () => [
  import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
  import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt'),
  import.meta.resolve('swagger-ui-dist/swagger-ui.css'),
  import.meta.resolve('swagger-ui-dist/oauth2-redirect.js'),
  import.meta.resolve('redoc/bundles/redoc.standalone.js'),
  import.meta.resolve('redoc/bundles/redoc.standalone.js.LICENSE.txt'),
];

/** The licences of these packages, which stay readable. */
const findLicences = () => ({
  'swagger-ui.LICENSE.txt': import.meta.resolve('swagger-ui-dist/LICENSE'),
  'swagger-ui.NOTICE.txt': import.meta.resolve('swagger-ui-dist/NOTICE'),
  'redoc.LICENSE.txt': import.meta.resolve('redoc/LICENSE'),
});

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
for (const name of readdirSync(OWN_FILES)) writeCompressed(name, readFileSync(new URL(name, OWN_FILES)));
try {
  for (const url of findPackageFiles()) writeCompressed(url.slice(url.lastIndexOf('/') + 1), readPackageFile(url));
  for (const [name, url] of Object.entries(findLicences())) copyFileSync(new URL(url), new URL(name, TARGET));
} catch (error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  process.stderr.write('onnx-predict: /docs and /redoc will be empty, because swagger-ui-dist or redoc is not installed.\n');
}

/** @param {string} url */
function readPackageFile(url) {
  const bytes = readFileSync(new URL(url));
  return url.endsWith('/redoc.standalone.js') ? Buffer.from(withoutLogo(bytes.toString())) : bytes;
}

/** @param {string} source of Redoc */
function withoutLogo(source) {
  const parts = source.split(REDOC_LOGO);
  if (parts.length !== 2) throw new Error(`Redoc names ${REDOC_LOGO} ${parts.length - 1} times: look what it fetches now.`);
  return parts.join('"data:,"');
}

/**
 * @param {string} name
 * @param {Buffer} bytes
 */
function writeCompressed(name, bytes) {
  writeFileSync(new URL(`${name}.gz`, TARGET), gzipSync(bytes, { level: 9 }));
}
