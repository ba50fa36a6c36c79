import type { Task } from '../../schemas.ts';

/** Those of the protocol's types that occur here. */
export type Datatype = 'BYTES' | 'FP32' | 'INT32' | 'BOOL';

/** A tensor as a model's metadata describes it; -1 is any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

const perRow = (name: string, datatype: Datatype): TensorMetadata => ({ name, datatype, shape: [-1] });
const perLabel = (name: string, datatype: Datatype): TensorMetadata => ({ name, datatype, shape: [-1, -1] });

/** What models of a task take, one row for each picture or text, and what they give. */
export const TASK_TENSORS: Readonly<
  Record<Task, { readonly input: TensorMetadata; readonly outputs: readonly TensorMetadata[] }>
> = {
  'image-classification': {
    input: perRow('image', 'BYTES'),
    outputs: [perRow('class_label', 'BYTES'), perLabel('labels', 'BYTES'), perLabel('scores', 'FP32')],
  },
  summarization: {
    input: perRow('text', 'BYTES'),
    outputs: [
      perRow('summary', 'BYTES'),
      perRow('truncated', 'BOOL'),
      perRow('input_tokens', 'INT32'),
      perRow('output_tokens', 'INT32'),
    ],
  },
};
