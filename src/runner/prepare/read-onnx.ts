import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OnnxPredictError } from '../../errors.ts';
import {
  elementBytes,
  FLOAT,
  INT64,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  toInt64,
} from './onnx-model.ts';
import { type FileRange, openWireReader, type WireReader } from './wire-reader.ts';

/** Tensors up to this size are read with the graph; larger ones stay in their file. */
const MAX_INLINE_BYTES = 4096;
const MAX_GRAPH_DEPTH = 4;
const EXTERNAL = 1n;
/** Numbers of AttributeProto.type. */
const ATTRIBUTE_KINDS = { 1: 'float', 2: 'int', 3: 'text', 4: 'tensor', 5: 'graph', 6: 'floats', 7: 'ints' } as const;

/**
 * Reads an ONNX file's graph, after the field numbers of onnx.proto (IR version 3 and later). Large weights are not read: their
 * places in the file, or in files beside it, are. Nothing outside the file's folder is touched.
 * @throws OnnxPredictError MODEL_INVALID if it is damaged, or holds what is not understood here
 */
export function readOnnx(path: string): OnnxModel {
  const reader = openWireReader(path);
  try {
    return readModel(reader, path);
  } finally {
    reader.close();
  }
}

function readModel(reader: WireReader, path: string): OnnxModel {
  const opsets = new Map<string, number>();
  let irVersion = 0;
  let graph: OnnxGraph | undefined;
  for (const { number, value } of reader.fields(reader.whole)) {
    if (number === 1) irVersion = Number(integer(value));
    else if (number === 7) graph = readGraph(reader, range(value), { path, depth: 0 });
    else if (number === 8) {
      const { domain, version } = readOpset(reader, range(value));
      opsets.set(domain, version);
    } else if (number === 20 || number === 25) throw unknown(path, 'training data or functions');
  }
  if (graph === undefined) throw refused(path, 'has no graph');
  return { irVersion, opsets, graph };
}

function readOpset(reader: WireReader, message: FileRange): { readonly domain: string; readonly version: number } {
  let domain = '';
  let version = 0;
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) domain = reader.text(range(value));
    else if (number === 2) version = Number(integer(value));
  }
  return { domain, version };
}

interface Place {
  readonly path: string;
  readonly depth: number;
}

function readGraph(reader: WireReader, message: FileRange, place: Place): OnnxGraph {
  if (place.depth > MAX_GRAPH_DEPTH) throw unknown(place.path, 'graphs in graphs in graphs');
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) nodes.push(readNode(reader, range(value), place));
    else if (number === 5) {
      const { name, tensor } = readTensor(reader, range(value), place.path);
      initializers.set(name, tensor);
    } else if (number === 11) inputs.push(readValue(reader, range(value)));
    else if (number === 12) outputs.push(readValue(reader, range(value)));
    else if (number === 15) throw unknown(place.path, 'sparse weights');
  }
  // Before IR version 4 weights were listed among the inputs.
  return { nodes, initializers, inputs: inputs.filter(({ name }) => !initializers.has(name)), outputs };
}

function readNode(reader: WireReader, message: FileRange, place: Place): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, opType, domain] = ['', '', ''];
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) inputs.push(reader.text(range(value)));
    else if (number === 2) outputs.push(reader.text(range(value)));
    else if (number === 3) name = reader.text(range(value));
    else if (number === 4) opType = reader.text(range(value));
    else if (number === 5) {
      const attribute = readAttribute(reader, range(value), place);
      attributes.set(attribute.name, attribute.value);
    } else if (number === 7) domain = reader.text(range(value));
  }
  return { opType, domain: domain === 'ai.onnx' ? '' : domain, name, inputs, outputs, attributes };
}

function readAttribute(
  reader: WireReader,
  message: FileRange,
  place: Place,
): { readonly name: string; readonly value: OnnxAttribute } {
  let name = '';
  let kind: (typeof ATTRIBUTE_KINDS)[keyof typeof ATTRIBUTE_KINDS] | undefined;
  let single: bigint | FileRange | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) name = reader.text(range(value));
    else if (number === 20) kind = ATTRIBUTE_KINDS[Number(integer(value)) as keyof typeof ATTRIBUTE_KINDS];
    else if (number >= 2 && number <= 6) single = value;
    else if (number === 7) for (const float of readFloats(reader, value)) floats.push(float);
    else if (number === 8) for (const int of readIntegers(reader, value)) ints.push(exactNumber(int, place.path));
  }
  if (kind === 'floats') return { name, value: { kind, value: floats } };
  if (kind === 'ints') return { name, value: { kind, value: ints } };
  if (kind === 'int') return { name, value: { kind, value: exactNumber(integer(single ?? 0n), place.path) } };
  if (kind === 'float') return { name, value: { kind, value: toFloat(integer(single ?? 0n)) } };
  if (kind === undefined || single === undefined) throw unknown(place.path, `an attribute ${name} of a kind`);
  if (kind === 'text') return { name, value: { kind, value: reader.bytes(range(single)) } };
  if (kind === 'tensor') return { name, value: { kind, value: readTensor(reader, range(single), place.path).tensor } };
  return { name, value: { kind, value: readGraph(reader, range(single), { ...place, depth: place.depth + 1 }) } };
}

function readValue(reader: WireReader, message: FileRange): OnnxValue {
  let name = '';
  let dataType = 0;
  const dims: (number | string)[] = [];
  for (const field of reader.fields(message)) {
    if (field.number === 1) name = reader.text(range(field.value));
    else if (field.number === 2) {
      for (const tensorType of messages(reader, range(field.value), 1)) {
        for (const { number, value } of reader.fields(tensorType)) {
          if (number === 1) dataType = Number(integer(value));
          else if (number === 2) for (const dim of messages(reader, range(value), 1)) dims.push(readDim(reader, dim));
        }
      }
    }
  }
  return { name, dataType, dims };
}

function readDim(reader: WireReader, message: FileRange): number | string {
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) return Number(integer(value));
    if (number === 2) return reader.text(range(value));
  }
  return '';
}

function* messages(reader: WireReader, message: FileRange, wanted: number): Generator<FileRange> {
  for (const { number, value } of reader.fields(message)) if (number === wanted) yield range(value);
}

function readTensor(
  reader: WireReader,
  message: FileRange,
  path: string,
): { readonly name: string; readonly tensor: OnnxTensor } {
  const dims: number[] = [];
  const external = new Map<string, string>();
  const floats: number[] = [];
  const integers: bigint[] = [];
  let name = '';
  let dataType = 0;
  let raw: FileRange | undefined;
  let packed: FileRange | undefined;
  let isExternal = false;
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) for (const dim of readIntegers(reader, value)) dims.push(Number(dim));
    else if (number === 2) dataType = Number(integer(value));
    // As it lies there it is what raw data would be.
    else if (number === 4 && isLarge(value)) packed = value;
    else if (number === 4) for (const float of readFloats(reader, value)) floats.push(float);
    else if (number === 5 || number === 7) for (const value64 of readIntegers(reader, value)) integers.push(value64);
    else if (number === 8) name = reader.text(range(value));
    else if (number === 9) raw = range(value);
    else if (number === 13) {
      const [key, text] = readEntry(reader, range(value));
      external.set(key, text);
    } else if (number === 14) isExternal = value === EXTERNAL;
  }
  const width = elementBytes(dataType);
  if (width === undefined || dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
    throw unknown(path, `a tensor ${name} of a kind`);
  const length = dims.reduce((product, dim) => product * dim, width);
  if (packed !== undefined && (dataType !== FLOAT || floats.length > 0)) throw unknown(path, `a tensor ${name} of a kind`);
  const data = isExternal ? externalRange(path, external, length) : (raw ?? packed ?? toBytes(floats, integers, dataType));
  if (data.length !== length) throw refused(path, `has a tensor ${name} of another size than it says`);
  return { name, tensor: { dataType, dims, data: inlined(reader, data, path) } };
}

function readEntry(reader: WireReader, message: FileRange): [string, string] {
  let [key, text] = ['', ''];
  for (const { number, value } of reader.fields(message)) {
    if (number === 1) key = reader.text(range(value));
    else if (number === 2) text = reader.text(range(value));
  }
  return [key, text];
}

/** Where weights lie in a file beside the graph's own. */
function externalRange(path: string, entries: ReadonlyMap<string, string>, length: number): FileRange {
  const location = entries.get('location') ?? '';
  if (location === '' || basename(location) !== location || location === '..')
    throw refused(path, 'has weights outside its folder');
  const [offset, said] = [readCount(entries.get('offset') ?? '0'), readCount(entries.get('length') ?? String(length))];
  const file = join(dirname(path), location);
  const size = isOutside(file, path) ? undefined : sizeOf(file);
  if (size === undefined) throw refused(path, `has weights in ${location}, which is no file in its folder`);
  if (said !== length) throw refused(path, `has weights in ${location} of another size than it says`);
  if (!(offset + length <= size)) throw refused(path, `has weights beyond the end of ${location}`);
  return { path: file, offset, length };
}

function readCount(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** In a cache of the Hub both files are links, to where all its files lie. */
function isOutside(file: string, path: string): boolean {
  try {
    const folder = dirname(realpathSync(file));
    return folder !== realpathSync(dirname(path)) && folder !== dirname(realpathSync(path));
  } catch {
    return true;
  }
}

function sizeOf(file: string): number | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size : undefined;
}

function inlined(reader: WireReader, data: Uint8Array | FileRange, path: string): Uint8Array | FileRange {
  return data instanceof Uint8Array || data.length > MAX_INLINE_BYTES || data.path !== path ? data : reader.bytes(data);
}

/** Numbers that were written one by one, as dense data. */
function toBytes(floats: readonly number[], integers: readonly bigint[], dataType: number): Uint8Array {
  if (dataType === FLOAT) return new Uint8Array(Float32Array.from(floats).buffer);
  if (dataType === INT64) return new Uint8Array(BigInt64Array.from(integers).buffer);
  const width = elementBytes(dataType) ?? 0;
  const bytes = new Uint8Array(integers.length * width);
  integers.forEach((integer, place) => {
    for (let i = 0; i < width; i++) bytes[place * width + i] = Number((integer >> BigInt(8 * i)) & 0xffn);
  });
  return bytes;
}

function readIntegers(reader: WireReader, value: bigint | FileRange): readonly bigint[] {
  return typeof value === 'bigint' ? [value] : reader.varints(value);
}

function readFloats(reader: WireReader, value: bigint | FileRange): Iterable<number> {
  return typeof value === 'bigint' ? [toFloat(value)] : toFloats(reader.bytes(value));
}

function isLarge(value: bigint | FileRange): value is FileRange {
  return typeof value !== 'bigint' && value.length > MAX_INLINE_BYTES;
}

/** An integer as a number, if it can be written as it was. */
function exactNumber(value: bigint, path: string): number {
  const number = Number(value);
  if (toInt64(number) !== value) throw unknown(path, `an integer ${value}`);
  return number;
}

function toFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

function toFloat(bits: bigint): number {
  return new Float32Array(Uint32Array.of(Number(BigInt.asUintN(32, bits))).buffer)[0]!;
}

function range(value: bigint | FileRange): FileRange {
  if (typeof value === 'bigint')
    throw new OnnxPredictError('MODEL_INVALID', 'The ONNX file has a number where a message belongs.');
  return value;
}

function integer(value: bigint | FileRange): bigint {
  if (typeof value !== 'bigint')
    throw new OnnxPredictError('MODEL_INVALID', 'The ONNX file has a message where a number belongs.');
  return value;
}

function unknown(path: string, what: string): OnnxPredictError {
  return refused(path, `has ${what} that is not known here`);
}

function refused(path: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${path} cannot be prepared: it ${problem}.`);
}
