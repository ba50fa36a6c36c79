import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  toInt64,
} from './onnx-model.ts';
import { readTensorData } from './tensor-data.ts';
import type { WeightFiles } from './weight-files.ts';
import { createWireWriter, type WireWriter } from './wire-writer.ts';

const PRODUCER = 'onnx-predict';
const EXTERNAL = 1;

/**
 * Writes a model's graph, and puts its large weights into files beside it.
 * @throws what writing throws: no space, no permission
 */
export function writeOnnx(
  model: OnnxModel,
  { folder, name, weights }: { folder: string; name: string; weights: WeightFiles },
): void {
  const writer = createWireWriter();
  writer.integer(1, model.irVersion);
  writer.text(2, PRODUCER);
  writer.message(7, (graph) => writeGraph(graph, model.graph, weights));
  for (const [domain, version] of model.opsets) {
    writer.message(8, (opset) => {
      opset.text(1, domain);
      opset.integer(2, version);
    });
  }
  writeFileSync(join(folder, name), writer.finish());
}

function writeGraph(writer: WireWriter, graph: OnnxGraph, weights: WeightFiles): void {
  for (const node of graph.nodes) writer.message(1, (message) => writeNode(message, node, weights));
  writer.text(2, 'graph');
  for (const [name, tensor] of graph.initializers) writer.message(5, (message) => writeTensor(message, name, tensor, weights));
  for (const input of graph.inputs) writer.message(11, (message) => writeValue(message, input));
  for (const output of graph.outputs) writer.message(12, (message) => writeValue(message, output));
}

function writeNode(writer: WireWriter, node: OnnxNode, weights: WeightFiles): void {
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  writer.text(3, node.name);
  writer.text(4, node.opType);
  for (const [name, attribute] of node.attributes)
    writer.message(5, (message) => writeAttribute(message, name, attribute, weights));
  if (node.domain !== '') writer.text(7, node.domain);
}

function writeAttribute(writer: WireWriter, name: string, attribute: OnnxAttribute, weights: WeightFiles): void {
  writer.text(1, name);
  switch (attribute.kind) {
    case 'float':
      writer.float(2, attribute.value);
      writer.integer(20, 1);
      break;
    case 'int':
      writer.integer(3, toInt64(attribute.value));
      writer.integer(20, 2);
      break;
    case 'text':
      writer.bytes(4, attribute.value);
      writer.integer(20, 3);
      break;
    case 'tensor':
      writer.message(5, (message) => writeTensor(message, '', attribute.value, weights));
      writer.integer(20, 4);
      break;
    case 'graph':
      writer.message(6, (message) => writeGraph(message, attribute.value, weights));
      writer.integer(20, 5);
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      writer.integer(20, 6);
      break;
    case 'ints':
      for (const value of attribute.value) writer.integer(8, toInt64(value));
      writer.integer(20, 7);
  }
}

function writeValue(writer: WireWriter, { name, dataType, dims }: OnnxValue): void {
  writer.text(1, name);
  writer.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, dataType);
      tensor.message(2, (shape) => {
        for (const dim of dims) {
          shape.message(1, (message) => {
            if (typeof dim === 'number') message.integer(1, toInt64(dim));
            else if (dim !== '') message.text(2, dim);
          });
        }
      });
    }),
  );
}

function writeTensor(writer: WireWriter, name: string, { dataType, dims, data }: OnnxTensor, weights: WeightFiles): void {
  for (const dim of dims) writer.integer(1, dim);
  writer.integer(2, dataType);
  if (name !== '') writer.text(8, name);
  const place = weights.place(data);
  if (place === undefined) {
    writer.bytes(9, readTensorData({ dataType, dims, data }));
    return;
  }
  for (const [key, value] of Object.entries(place)) {
    writer.message(13, (entry) => {
      entry.text(1, key);
      entry.text(2, String(value));
    });
  }
  writer.integer(14, EXTERNAL);
}
