/**
 * A tensor that goes into a graph or comes out of it.
 * @typedef {{ name: string, elementType: number, shape: readonly number[] }} GraphValue
 */

/** TensorProto.DataType of onnx.proto. */
export const ELEMENT_TYPE = { float32: 1, int8: 3, uint8: 2, int32: 6 };

const IR_VERSION = 8;
const OPSET = 13;

/**
 * The bytes of an ONNX file: nodes in the order that they run, all weights as inputs. Written by hand (onnx.proto, protobuf's wire
 * format), so that nothing but onnxruntime-node is needed to run a graph.
 * @param {readonly { opType: string, inputs: readonly string[], outputs: readonly string[] }[]} nodes
 * @param {readonly GraphValue[]} inputs
 * @param {readonly GraphValue[]} outputs
 */
export function onnxBytes(nodes, inputs, outputs) {
  const graph = [
    ...nodes.map(({ opType, inputs, outputs }) =>
      message(1, [...inputs.map((name) => text(1, name)), ...outputs.map((name) => text(2, name)), text(4, opType)]),
    ),
    text(2, 'graph'),
    ...inputs.map((value) => message(11, valueInfo(value))),
    ...outputs.map((value) => message(12, valueInfo(value))),
  ];
  return Buffer.concat([number(1, IR_VERSION), message(7, graph), message(8, [number(2, OPSET)])]);
}

/** @param {GraphValue} value */
function valueInfo({ name, elementType, shape }) {
  const dimensions = shape.map((size) => message(1, [number(1, size)]));
  return [text(1, name), message(2, [message(1, [number(1, elementType), message(2, dimensions)])])];
}

/** @param {number} field @param {readonly Buffer[]} parts */
function message(field, parts) {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

/** @param {number} field @param {string} value */
function text(field, value) {
  return message(field, [Buffer.from(value)]);
}

/** @param {number} field @param {number} value */
function number(field, value) {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** @param {number} value not negative */
function varint(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
