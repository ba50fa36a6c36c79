import type { Task } from '../../schemas.ts';
import { decodePicture } from '../body/base64-picture.ts';
import { tooLarge } from '../body/request-body.ts';
import { Refusal } from '../refusal.ts';
import { findTextFault } from '../text-faults.ts';
import type { InferRequest, InputTensor } from './infer-request.ts';
import { TASK_TENSORS } from './tensor-metadata.ts';

/** A request's one tensor, and what it is for. */
export interface InferInput {
  readonly task: Task;
  readonly tensor: InputTensor;
}

/**
 * Finds out what is asked for, by the name of the input.
 * @param tasks what the model is for; null: not known yet
 * @throws Refusal 400, 413
 */
export function findInput({ inputs }: InferRequest, tasks: readonly Task[] | null, maxItems: number): InferInput {
  const known = Object.entries(TASK_TENSORS) as [Task, (typeof TASK_TENSORS)[Task]][];
  const possible = known.filter(([task]) => tasks === null || tasks.includes(task));
  const names = possible.map(([, { input }]) => input.name).join(' or ');
  const [tensor] = inputs;
  if (tensor === undefined || inputs.length > 1) throw new Refusal(400, `inputs: must be one tensor, ${names}`);
  const [task] = possible.find(([, { input }]) => input.name === tensor.name) ?? [];
  if (task === undefined) throw new Refusal(400, `inputs.0.name: must be ${names}`);
  if (tensor.datatype !== 'BYTES') throw new Refusal(400, 'inputs.0.datatype: must be BYTES');
  checkShape(tensor, maxItems);
  return { task, tensor };
}

function checkShape({ shape, elements }: InputTensor, maxItems: number): void {
  const [numRows = 0, ...others] = shape;
  if (numRows < 1 || others.length > 1 || others.some((size) => size !== 1)) {
    throw new Refusal(400, 'inputs.0.shape: must be [n] or [n, 1], one row for each picture or text');
  }
  if (numRows > maxItems) throw new Refusal(413, `inputs.0.shape: more than ${maxItems} rows, the limit of this server`);
  if (elements.length !== numRows) {
    throw new Refusal(400, `inputs.0: has ${elements.length} elements, where its shape says ${numRows}`);
  }
}

/** Texts, which in binary are UTF-8. @throws Refusal 400 */
export function toTexts({ elements }: InputTensor): string[] {
  return elements.map((element, i) => {
    const text = typeof element === 'string' ? element : decodeUtf8(element, i);
    const fault = findTextFault(text);
    if (fault !== undefined) throw new Refusal(400, `inputs.0.data.${i}: ${fault}`);
    return text;
  });
}

/** Pictures, which in JSON are base64. @throws Refusal 400, 413 */
export function toPictures({ elements }: InputTensor, maxBytes: number): Buffer[] {
  return elements.map((element, i) => {
    if (typeof element === 'string') return decodePicture(element, { name: `inputs.0.data.${i}`, maxBytes });
    if (element.length > maxBytes) throw tooLarge('file', maxBytes);
    return element;
  });
}

function decodeUtf8(bytes: Buffer, row: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal(400, `inputs.0.data.${row}: must be UTF-8`);
  }
}
