import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PreparableModel, PreparedFiles } from '../../protocol.ts';
import { readJson } from '../../tasks/read-json.ts';
import { compareScores } from './compare-scores.ts';
import { probe } from './probe.ts';
import { writeClassifier } from './rewrite-classifier.ts';
import { writeSummarizer } from './rewrite-summarizer.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

type Names = Readonly<Record<string, string>>;

interface PrepareOptions {
  /** Absolute; there, and empty. */
  readonly folder: string;
  readonly onStage: (stage: string) => void;
}

/**
 * Prepares a model: rewrites its graphs, has ONNX Runtime save them as it wants to run them, and checks that both say what the
 * model's own graphs say.
 * @throws OnnxPredictError MODEL_INVALID if it is of no kind that can be prepared, or what came out differs
 */
export async function prepareModel(model: PreparableModel, { folder, onStage }: PrepareOptions): Promise<PreparedFiles> {
  onStage('rewriting');
  const graph = await write(model, folder);
  onStage('trying the model as it is');
  const expected = await probe({ model, graphs: { kind: 'stock' } });
  onStage('trying the rewritten graphs');
  const optimized = mapNames(graph, (name) => `optimized-${name}`);
  const inFolder = (names: Names) => mapNames(names, (name) => join(folder, name));
  const got = await probe({ model, graphs: { kind: 'graph', paths: inFolder(graph), saveTo: inFolder(optimized) } });
  const { quantize } = model;
  compareScores(expected, got, { quantized: quantize });
  onStage('trying the optimized graphs');
  try {
    compareScores(got, await probe({ model, graphs: { kind: 'optimized', paths: inFolder(optimized) } }), { quantized: false });
    return { graph, optimized };
  } catch {
    // ONNX Runtime cannot load all that it saves; the rewritten graphs do without.
    for (const name of Object.values(optimized)) {
      rmSync(join(folder, name), { force: true });
      rmSync(join(folder, `${name}.data`), { force: true });
    }
    return { graph, optimized: null };
  }
}

async function write(model: PreparableModel, folder: string): Promise<Names> {
  const { quantize } = model;
  if (model.task === 'image-classification') return { model: writeClassifier(model.files.model, { folder, quantize }) };
  const config = (await readJson(model.files.config, MAX_CONFIG_BYTES)) as Readonly<Record<string, unknown>>;
  return writeSummarizer(model.files, { folder, quantize, config });
}

function mapNames(names: Names, map: (name: string) => string): Names {
  return Object.fromEntries(Object.entries(names).map(([role, name]) => [role, map(name)]));
}
