// One load on a server, in a process of its own: node autocannon-load.js '{"url", "method", "contentType", "bodyFile", "connections",
// "amount" | "seconds", "timeoutSeconds"}'. Prints the milliseconds of every answer, as autocannon's own figures are whole ones.
import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';

const { url, method, contentType, bodyFile, connections, amount, seconds, timeoutSeconds } = JSON.parse(process.argv[2] ?? '');
const body = bodyFile === undefined ? {} : { body: await readFile(bodyFile), headers: { 'content-type': contentType } };
const bound = amount === undefined ? { duration: seconds } : { amount };
const latencyMs = [];
let numRefused = 0;
const startMs = performance.now();
let lastMs = startMs;
const run = autocannon({ url, method, connections, timeout: timeoutSeconds, ...bound, ...body });
run.on('response', (_client, status, _bytes, responseMs) => {
  lastMs = performance.now();
  if (status === 200) latencyMs.push(responseMs);
  else numRefused += 1;
});
const { errors } = await run;
process.stdout.write(JSON.stringify({ latencyMs, numRefused, numErrors: errors, wallMs: lastMs - startMs }));
