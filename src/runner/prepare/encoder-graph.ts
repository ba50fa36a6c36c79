import { OnnxPredictError } from '../../errors.ts';
import { dequantize } from './dequantize.ts';
import { traceBack } from './follow-values.ts';
import { GraphEditor } from './graph-editor.ts';
import { FLOAT, type OnnxModel, type OnnxNode } from './onnx-model.ts';
import { replaceEncoderBias } from './position-bias.ts';
import type { AttentionShape } from './step-graph.ts';

const HIDDEN_STATES = 'encoder_hidden_states';
const PREFIX = 'cross/';

/**
 * Lets the encoder give what the decoder wants of it, the cross-attention's keys and values, which the decoder's first step computes
 * otherwise: cross.N.key [T, H, D, S] and cross.N.value [T, H, S, D].
 */
export function rewriteEncoder(
  encoder: OnnxModel,
  first: OnnxModel,
  { shape, config }: { readonly shape: AttentionShape; readonly config: Readonly<Record<string, unknown>> },
): GraphEditor {
  const { numLayers, numHeads, headDim } = shape;
  const graph = new GraphEditor(encoder.graph, 'prepared/');
  dequantize(graph);
  replaceEncoderBias(graph, config);
  const hidden = graph.outputs.find(({ name }) => name === 'last_hidden_state') ?? graph.outputs[0];
  if (hidden === undefined) throw invalid('has no output');
  const decoder = new GraphEditor(first.graph, PREFIX);
  dequantize(decoder);
  const wanted = Array.from({ length: numLayers }, (_, layer) => layer).flatMap((layer) =>
    (['key', 'value'] as const).map((part) => {
      const { value, factor } = traceBack(decoder, `present.${layer}.encoder.${part}`);
      if (factor !== 1) throw invalid('scales what the decoder reads');
      return { name: `cross.${layer}.${part}`, part, value };
    }),
  );
  const projections = takeProjections(
    decoder,
    wanted.map(({ value }) => value),
  );
  for (const [name, tensor] of projections.initializers) graph.initializers.set(PREFIX + name, tensor);
  const renamed = (value: string) => (value === HIDDEN_STATES ? hidden.name : value === '' ? '' : PREFIX + value);
  for (const node of projections.nodes) graph.insert(rename(node, renamed));
  graph.outputs.length = 0;
  for (const { name, part, value } of wanted) {
    const divided = graph.add('Reshape', [renamed(value), graph.integers([0, 0, numHeads, headDim])]); // [T, S, H, D]
    const perm = part === 'key' ? [0, 2, 3, 1] : [0, 2, 1, 3];
    graph.add('Transpose', [divided], { attributes: { perm }, output: name });
    const dims = part === 'key' ? ['texts', numHeads, headDim, 'source'] : ['texts', numHeads, 'source', headDim];
    graph.outputs.push({ name, dataType: FLOAT, dims });
  }
  return graph;
}

/** The part of the decoder's first step that reads nothing but the encoder's hidden states. */
function takeProjections(decoder: GraphEditor, values: readonly string[]) {
  decoder.outputs.length = 0;
  decoder.outputs.push(...values.map((name) => ({ name, dataType: FLOAT, dims: [] })));
  const projections = decoder.finish();
  const other = projections.inputs.find(({ name }) => name !== HIDDEN_STATES);
  if (other !== undefined) throw invalid(`has keys and values that depend on ${other.name}`);
  return projections;
}

function rename(node: OnnxNode, renamed: (value: string) => string): OnnxNode {
  return { ...node, name: PREFIX + node.name, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) };
}

function invalid(problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The encoder cannot be prepared: it ${problem}.`);
}
