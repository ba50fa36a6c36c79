import { fuseAttention } from './fuse-attention.ts';
import { fuseLayerNorms } from './fuse-layer-norm.ts';
import { GraphEditor } from './graph-editor.ts';
import { useDynamicQuantization } from './linear-layers.ts';
import { CONTRIB } from './onnx-model.ts';
import { readOnnx } from './read-onnx.ts';
import { createWeightFiles } from './weight-files.ts';
import { writeOnnx } from './write-onnx.ts';

/**
 * Writes a classifier's graph into `folder`, with all that it needs.
 * @param quantize whether its matrices are rounded to 8 bits
 * @returns the graph's name there
 * @throws OnnxPredictError MODEL_INVALID
 */
export function writeClassifier(
  path: string,
  { folder, quantize }: { readonly folder: string; readonly quantize: boolean },
): string {
  const { irVersion, opsets, graph } = readOnnx(path);
  const editor = new GraphEditor(graph, 'prepared/');
  fuseLayerNorms(editor);
  fuseAttention(editor);
  if (quantize) useDynamicQuantization(editor);
  const name = 'model.onnx';
  const weights = createWeightFiles(folder);
  try {
    const model = { irVersion, opsets: new Map([...opsets, [CONTRIB, 1]]), graph: editor.finish() };
    writeOnnx(model, { folder, name, weights });
  } finally {
    weights.close();
  }
  return name;
}
