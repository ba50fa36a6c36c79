import type { Context } from 'koa';
import { answerJson } from '../answer-json.ts';
import { Refusal } from '../refusal.ts';
import type { InferRequest } from './infer-request.ts';
import { type OutputTensor, toBinary } from './output-tensors.ts';
import type { TensorMetadata } from './tensor-metadata.ts';

export const HEADER_LENGTH = 'Inference-Header-Content-Length';

/** An output that is to be sent. */
export interface WantedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/**
 * Which outputs are wanted, and how; all of them where the request names none.
 * @throws Refusal 400 for one that the model does not have
 */
export function wantedOutputs(
  { outputs, parameters }: Pick<InferRequest, 'outputs' | 'parameters'>,
  known: readonly TensorMetadata[],
): readonly WantedOutput[] {
  const otherwise = parameters['binary_data_output'] === true;
  if (outputs === undefined || outputs.length === 0) return known.map(({ name }) => ({ name, isBinary: otherwise }));
  return outputs.map(({ name, parameters: { binary_data: isBinary = otherwise, ...others } }, i) => {
    const at = `outputs.${i}`;
    if (!known.some((output) => output.name === name)) {
      throw new Refusal(400, `${at}.name: must be one of ${known.map((output) => output.name).join(', ')}`);
    }
    if (outputs.findIndex((output) => output.name === name) !== i) throw new Refusal(400, `${at}.name: is asked for twice`);
    if (typeof isBinary !== 'boolean') throw new Refusal(400, `${at}.parameters.binary_data: must be true or false`);
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new Refusal(400, `${at}.parameters.${unknown}: is not known here`);
    return { name, isBinary };
  });
}

/** Answers with tensors: in JSON, and after it those that are wanted in binary. */
export function answerTensors(
  context: Context,
  head: Readonly<Record<string, string>>,
  { tensors, wanted }: { readonly tensors: readonly OutputTensor[]; readonly wanted: readonly WantedOutput[] },
): void {
  const binaries: Buffer[] = [];
  const outputs = wanted.map(({ name, isBinary }) => {
    const tensor = tensors.find((one) => one.name === name)!;
    const { datatype, shape, data } = tensor;
    if (!isBinary) return { name, datatype, shape, data };
    const bytes = toBinary(tensor);
    binaries.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const answer = { ...head, outputs };
  if (binaries.length === 0) {
    answerJson(context, 200, answer);
    return;
  }
  const json = Buffer.from(JSON.stringify(answer));
  context.status = 200;
  context.set({ 'Content-Type': 'application/octet-stream', [HEADER_LENGTH]: String(json.length) });
  context.body = Buffer.concat([json, ...binaries]);
}
