import { fuseAttention } from './fuse-attention.ts';
import { fuseLayerNorms } from './fuse-layer-norm.ts';
import { GraphEditor } from './graph-editor.ts';
import { useDynamicQuantization } from './linear-layers.ts';
import { readOnnx } from './read-onnx.ts';
import { toModel, writeGraphs } from './write-graphs.ts';

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
  const source = readOnnx(path);
  const editor = new GraphEditor(source.graph, 'prepared/');
  fuseLayerNorms(editor);
  fuseAttention(editor);
  if (quantize) useDynamicQuantization(editor);
  const name = 'model.onnx';
  writeGraphs(folder, { [name]: toModel(source, editor) });
  return name;
}
