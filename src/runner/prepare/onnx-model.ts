import type { FileRange } from './wire-reader.ts';

/** Types of tensor elements, by their numbers in onnx.proto. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT8 = 3;
export const INT64 = 7;

/** The domain of ONNX Runtime's own operators. */
export const CONTRIB = 'com.microsoft';

const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** Bytes of one element; undefined for types that are not of whole bytes, strings among them. */
export function elementBytes(dataType: number): number | undefined {
  return ELEMENT_BYTES[dataType];
}

const MAX_INT64 = 2n ** 63n - 1n;

/** A number as an int64; the largest of them, which as a number is 2 ** 63, stays what it was. */
export function toInt64(value: number): bigint {
  const integer = BigInt(value);
  return integer > MAX_INT64 ? MAX_INT64 : integer;
}

/** Data that is computed when it is wanted. */
interface ComputedData {
  /** In bytes. */
  readonly length: number;
  /** What the numbers are multiples of: all of them, or those of each place of the last dimension. */
  readonly steps: Float32Array;
  read(): Uint8Array<ArrayBuffer>;
}

/** A constant tensor. Its data, little-endian and dense, is at hand, lies in a file, or is computed. */
export interface OnnxTensor {
  readonly dataType: number;
  readonly dims: readonly number[];
  readonly data: Uint8Array | FileRange | ComputedData;
}

/** An attribute of a node. */
export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: Uint8Array }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'graph'; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  /** An empty name stands for an optional input that is not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** An input or output of a graph; a dimension without a number has a name. */
export interface OnnxValue {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly irVersion: number;
  /** Versions of the operator sets, by domain; '' is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
}
