// Whether the server of this container lives, asked as from outside: exit status 0 if it does.
const port = process.env['ONNX_PREDICT_PORT'] || '8000';
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(4000) });
  if (status !== 200) throw new Error(`/livez answered ${status}`);
} catch (error) {
  process.stderr.write(`The server does not answer on port ${port}: ${error}\n`);
  process.exitCode = 1;
}
