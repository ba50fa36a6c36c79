/** Writes small ONNX files by hand: the few messages of onnx.proto that a broken model needs. */

type Field = readonly [number: number, value: number | string | Uint8Array];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}

function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.map(([number, value]) => {
    if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
  });
  return Buffer.concat(parts);
}

/** A tensor's name, element type (1 is float32) and shape. */
function valueInfo(name: string, dims: readonly number[]): Uint8Array {
  const shape = message(...dims.map((dim): Field => [1, message([1, dim])]));
  return message([1, name], [2, message([1, message([1, 1], [2, shape])])]);
}

/** A model that loads and fails when it runs: it reshapes a picture of 64 x 64 into seven numbers. Its node has this name. */
export function failingModel(nodeName: string): Uint8Array {
  const shape = message([1, 1], [2, 7], [7, Buffer.from([7])], [8, 'shape']);
  const node = message([1, 'pixel_values'], [1, 'shape'], [2, 'logits'], [3, nodeName], [4, 'Reshape']);
  const graph = message(
    [1, node],
    [2, 'graph'],
    [5, shape],
    [11, valueInfo('pixel_values', [1, 3, 64, 64])],
    [12, message([1, 'logits'])],
  );
  return message([1, 8], [8, message([1, ''], [2, 13])], [7, graph]);
}
