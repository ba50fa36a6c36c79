/** A preparer for tests, by its argument: `copy`, `hang`, `crash`, `fail`, `lie` (names what it did not write). */
import { copyFileSync, linkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const behaviour = process.argv[2] ?? 'copy';

/** @param {import('../src/protocol.ts').FromPreparer} message */
function send(message) {
  process.send?.(message);
}

process.on('message', (/** @type {import('../src/protocol.ts').ToPreparer} */ { model, folder }) => {
  send({ type: 'stage', stage: 'rewriting' });
  const sources =
    model.task === 'image-classification'
      ? { model: model.files.model }
      : { encoder: model.files.encoder, decoder: model.files.decoder };
  /** @type {Record<string, string>} */
  const graph = {};
  /** @type {Record<string, string>} */
  const optimized = {};
  for (const [role, source] of Object.entries(sources)) {
    graph[role] = `${role}.onnx`;
    optimized[role] = `${role}-optimized.onnx`;
    if (behaviour === 'lie') continue;
    // A link to a link of a Hub cache would lead nowhere.
    linkSync(realpathSync(source), join(folder, graph[role]));
    copyFileSync(source, join(folder, optimized[role]));
  }
  if (behaviour === 'hang') {
    writeFileSync(join(folder, 'half'), 'x');
    send({ type: 'stage', stage: 'hanging' });
    // Its channel keeps it alive, as long as there is somebody at the other end.
  } else if (behaviour === 'crash') {
    process.stderr.write('something native went wrong\n', () => process.kill(process.pid, 'SIGSEGV'));
  } else if (behaviour === 'fail') {
    send({ type: 'failed', error: { code: 'INTERNAL', message: 'the numbers differ' } });
  } else send({ type: 'prepared', files: { graph, optimized } });
});
