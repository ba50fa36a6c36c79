import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PreparableModel, PreparedFiles } from '../../protocol.ts';
import type { Dtype } from '../../schemas.ts';
import { compareScores } from './compare-scores.ts';
import { probe } from './probe.ts';
import { readConfig } from './read-config.ts';
import { writeClassifier } from './rewrite-classifier.ts';
import { writeSummarizer } from './rewrite-summarizer.ts';

/** Below the folder, for as long as it is needed. */
const EXACT = 'exact';
const EIGHT_BITS: ReadonlySet<Dtype> = new Set(['q8', 'int8', 'uint8']);

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
  const { quantize } = model;
  // What was published in 8 bits is computed in floating point first, and then in 8 bits again, the faster way.
  const rounds = quantize || (model.task === 'summarization' && EIGHT_BITS.has(model.identity.dtype));
  onStage('rewriting');
  const exactFolder = rounds ? join(folder, EXACT) : folder;
  if (rounds) mkdirSync(exactFolder);
  const exact = await write(model, { folder: exactFolder, quantize: false });
  onStage('trying the model as it is');
  const expected = await probe({ model, graphs: { kind: 'stock' } });
  if (rounds) {
    // What rounding does would hide what is wrong with the rewriting.
    onStage('trying the rewritten graphs before they are quantized');
    compareScores(expected, await probe({ model, graphs: { kind: 'graph', paths: pathsIn(exactFolder, exact) } }), {
      quantized: !quantize,
    });
    rmSync(exactFolder, { recursive: true });
    onStage('quantizing');
  }
  const graph = rounds ? await write(model, { folder, quantize: rounds }) : exact;
  onStage('trying the rewritten graphs');
  const optimized = mapNames(graph, (name) => `optimized-${name}`);
  const graphs = { kind: 'graph', paths: pathsIn(folder, graph), saveTo: pathsIn(folder, optimized) } as const;
  const got = await probe({ model, graphs });
  compareScores(expected, got, { quantized: rounds });
  onStage('trying the optimized graphs');
  try {
    compareScores(got, await probe({ model, graphs: { kind: 'optimized', paths: pathsIn(folder, optimized) } }), {
      quantized: false,
    });
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

async function write(
  model: PreparableModel,
  { folder, quantize }: { readonly folder: string; readonly quantize: boolean },
): Promise<Names> {
  if (model.task === 'image-classification') return { model: writeClassifier(model.files.model, { folder, quantize }) };
  return writeSummarizer(model.files, { folder, quantize, config: await readConfig(model.files.config) });
}

function pathsIn(folder: string, names: Names): Names {
  return mapNames(names, (name) => join(folder, name));
}

function mapNames(names: Names, map: (name: string) => string): Names {
  return Object.fromEntries(Object.entries(names).map(([role, name]) => [role, map(name)]));
}
