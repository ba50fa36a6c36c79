// `prepare`: builds in a checkout with its development dependencies; in a packed build, or with `npm ci --omit=dev`, nothing is built.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** @param {string} path from the project's folder */
function isThere(path) {
  return existsSync(new URL(`../${path}`, import.meta.url));
}

// valibot's optional peer brings TypeScript even with `--omit=dev`, so it alone says nothing.
if (['src', 'tsconfig.build.json', 'node_modules/typescript', 'node_modules/@types/node'].every(isThere)) {
  const isWindows = process.platform === 'win32';
  execFileSync(isWindows ? 'npm.cmd' : 'npm', ['run', '--silent', 'build'], { stdio: 'inherit', shell: isWindows });
} else {
  process.stderr.write('onnx-predict: nothing is built here, because sources or compiler are not installed.\n');
}
