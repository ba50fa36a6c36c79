import type { ClassificationResult, SummaryResult } from '../../schemas.ts';
import type { Datatype } from './tensor-metadata.ts';

/** A tensor of an answer, in row-major order. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly (string | number | boolean)[];
}

/** The labels of pictures, one row for each; all have as many labels, as all are of one model. */
export function toLabelTensors(rows: readonly ClassificationResult[]): OutputTensor[] {
  const numLabels = rows[0]?.top.length ?? 0;
  const candidates = rows.flatMap(({ top }) => top);
  return [
    // Null only below a confidence that cannot be asked for here.
    perRow(
      'class_label',
      'BYTES',
      rows.map(({ classLabel }) => classLabel ?? ''),
    ),
    { name: 'labels', datatype: 'BYTES', shape: [rows.length, numLabels], data: candidates.map(({ label }) => label) },
    { name: 'scores', datatype: 'FP32', shape: [rows.length, numLabels], data: candidates.map(({ score }) => score) },
  ];
}

/** The summaries of texts, one row for each. */
export function toSummaryTensors(rows: readonly SummaryResult[]): OutputTensor[] {
  return [
    perRow(
      'summary',
      'BYTES',
      rows.map(({ summary }) => summary),
    ),
    perRow(
      'truncated',
      'BOOL',
      rows.map(({ truncated }) => truncated),
    ),
    perRow(
      'input_tokens',
      'INT32',
      rows.map(({ inputTokens }) => inputTokens),
    ),
    perRow(
      'output_tokens',
      'INT32',
      rows.map(({ outputTokens }) => outputTokens),
    ),
  ];
}

/** A tensor in the binary tensor extension's form: elements without padding, numbers little-endian. */
export function toBinary({ datatype, data }: OutputTensor): Buffer {
  return Buffer.concat(data.map((element) => ENCODERS[datatype](element)));
}

const ENCODERS: Readonly<Record<Datatype, (element: string | number | boolean) => Buffer>> = {
  BYTES(element) {
    const bytes = Buffer.from(String(element));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  },
  FP32(element) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(Number(element));
    return bytes;
  },
  INT32(element) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(Number(element));
    return bytes;
  },
  BOOL: (element) => Buffer.from([element === true ? 1 : 0]),
};

function perRow(name: string, datatype: Datatype, data: OutputTensor['data']): OutputTensor {
  return { name, datatype, shape: [data.length], data };
}
