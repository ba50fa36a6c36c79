import { OnnxPredictError } from '../../errors.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from './onnx-model.ts';
import { readOnnx } from './read-onnx.ts';

/** A decoder's two graphs, each flat: without branches, its weights in one list. */
export interface DecoderGraphs {
  /** The graph of the first token: it computes what is known of the encoder's text. */
  readonly first: OnnxModel;
  /** The graph of every later token. */
  readonly next: OnnxModel;
}

/**
 * Reads a decoder, split or merged.
 * @param decoder decoder_model_merged, or decoder_model
 * @param decoderWithPast null beside a merged decoder
 * @throws OnnxPredictError MODEL_INVALID
 */
export function readDecoder(decoder: string, decoderWithPast: string | null): DecoderGraphs {
  const model = readOnnx(decoder);
  if (decoderWithPast !== null) return { first: model, next: readOnnx(decoderWithPast) };
  const branch = (name: string): OnnxModel => ({ ...model, graph: takeBranch(model.graph, name, decoder) });
  // As Optimum merges them: the condition is use_cache_branch.
  return { first: branch('else_branch'), next: branch('then_branch') };
}

/** The graph as it is where the condition of its one If is decided. */
function takeBranch(graph: OnnxGraph, name: string, path: string): OnnxGraph {
  const conditions = graph.nodes.filter(({ opType }) => opType === 'If');
  const condition = conditions[0];
  const branch = condition?.attributes.get(name);
  if (condition === undefined || conditions.length > 1 || branch?.kind !== 'graph') {
    throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be prepared: it is no merged decoder.`);
  }
  const inner = branch.value;
  // What the branch gives is known outside by the names of the If.
  const outputs = inner.outputs.map(({ name: value }, place): OnnxNode => {
    const name = condition.outputs[place] ?? value;
    return { opType: 'Identity', domain: '', name: '', inputs: [value], outputs: [name], attributes: new Map() };
  });
  const renamed = outputs.filter(({ inputs, outputs }) => inputs[0] !== outputs[0]);
  return {
    nodes: [...graph.nodes.filter((node) => node !== condition), ...inner.nodes, ...renamed],
    initializers: new Map([...graph.initializers, ...inner.initializers]),
    inputs: graph.inputs,
    outputs: inner.outputs.map((output, place) => ({ ...output, name: condition.outputs[place] ?? output.name })),
  };
}
