import type { GraphEditor } from './graph-editor.ts';
import { CONTRIB, type OnnxModel } from './onnx-model.ts';
import { createWeightFiles } from './weight-files.ts';
import { writeOnnx } from './write-onnx.ts';

/** A rewritten graph as a model, which may use ONNX Runtime's own operators. */
export function toModel({ irVersion, opsets }: OnnxModel, graph: GraphEditor): OnnxModel {
  return { irVersion, opsets: new Map([...opsets, [CONTRIB, 1]]), graph: graph.finish() };
}

/** Writes models into `folder` by their names there, with all the weights that they need. */
export function writeGraphs(folder: string, models: Readonly<Record<string, OnnxModel>>): void {
  const weights = createWeightFiles(folder);
  try {
    for (const [name, model] of Object.entries(models)) writeOnnx(model, { folder, name, weights });
  } finally {
    weights.close();
  }
}
