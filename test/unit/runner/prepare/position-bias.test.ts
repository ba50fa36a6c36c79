import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GraphEditor } from '../../../../src/runner/prepare/graph-editor.ts';
import type { OnnxTensor } from '../../../../src/runner/prepare/onnx-model.ts';
import { addDecoderBias, replaceEncoderBias } from '../../../../src/runner/prepare/position-bias.ts';
import { floats, graph, invalid, node, thrownBy } from './onnx-files.ts';

interface Golden {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly cases: readonly {
    readonly bidirectional: boolean;
    readonly numBuckets: number;
    readonly maxDistance: number;
    /** From which offset on there is which bucket. */
    readonly changes: readonly (readonly [number, number])[];
  }[];
}

const GOLDEN = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../golden/position-bias/buckets.json'), 'utf8'),
) as Golden;
const TABLE = 'decoder.block.0.relative_attention_bias.weight';

/** A graph whose bias is, for each of two heads, the number of the bucket: as it is, and from 1000 on. */
function editor(numBuckets: number, table: OnnxTensor = bucketNumbers(numBuckets)): GraphEditor {
  const perm = new Map([['perm', { kind: 'ints', value: [2, 0, 1] } as const]]);
  return new GraphEditor(
    graph([node('Gather', [TABLE, 'in'], ['rows']), node('Transpose', ['rows'], ['out'], { attributes: perm })], {
      initializers: new Map([[TABLE, table]]),
    }),
    'new/',
  );
}

function bucketNumbers(numBuckets: number): OnnxTensor {
  return floats(
    Array.from({ length: 2 * numBuckets }, (_, i) => (i >> 1) + 1000 * (i % 2)),
    [numBuckets, 2],
  );
}

/** The table of biases by distance that was added, [2, distances]. */
function addedTable(edited: GraphEditor): number[][] {
  const name = [...edited.initializers.keys()].find((name) => name.includes('position_bias'));
  const { dims, data } = edited.initializers.get(name!)!;
  const values = Array.from(new Float32Array((data as Uint8Array<ArrayBuffer>).buffer));
  return [values.slice(0, dims[1]), values.slice(dims[1])];
}

/** The buckets that transformers has for offsets, those beyond `maxDistance` too. */
function expectAsTransformers(changes: Golden['cases'][number]['changes'], bucketAt: (offset: number) => number): void {
  const { firstOffset, lastOffset } = GOLDEN;
  const found: [number, number][] = [];
  for (let offset = firstOffset; offset <= lastOffset; offset++) {
    const bucket = bucketAt(offset);
    if (bucket !== found.at(-1)?.[1]) found.push([offset, bucket]);
  }
  expect(found).toEqual(changes);
}

const decoderCases = GOLDEN.cases.filter(({ bidirectional }) => !bidirectional);
const encoderCases = GOLDEN.cases.filter(({ bidirectional }) => bidirectional);

describe('addDecoderBias', () => {
  test.each(decoderCases)('knows each distance as transformers does: $numBuckets buckets up to $maxDistance', (golden) => {
    const { numBuckets, maxDistance, changes } = golden;
    const edited = editor(numBuckets);
    expect(addDecoderBias(edited, 2, { relative_attention_max_distance: maxDistance })).toBeDefined();
    const [biases, others] = addedTable(edited);
    expect(others).toEqual(biases!.map((bias) => bias + 1000));
    // Of tokens that are still to come there are none.
    expectAsTransformers(changes, (offset) => biases![Math.min(Math.max(0, -offset), maxDistance)]!);
  });

  test('takes 128 for the largest distance where the configuration says nothing, and adds nothing to other models', () => {
    const edited = editor(32);
    addDecoderBias(edited, 2, {});
    expect(addedTable(edited)[0]).toHaveLength(129);
    expect(addDecoderBias(new GraphEditor(graph([node('Neg', ['in'], ['out'])]), 'new/'), 2, {})).toBeUndefined();
  });

  test.each([2 ** 53, 1e9, 4097, 0, -1, 1.5, Number.NaN])('refuses a largest distance of %s', (maxDistance) => {
    const config = { relative_attention_max_distance: maxDistance };
    expect(thrownBy(() => addDecoderBias(editor(32), 2, config))).toMatchObject(invalid('position bias'));
    expect(thrownBy(() => replaceEncoderBias(editor(32), config))).toMatchObject(invalid('position bias'));
  });

  test.each<[string, OnnxTensor]>([
    ['of other heads', floats(Array(96).fill(0), [32, 3])],
    ['of thousands of heads', floats(Array(2048).fill(0), [1, 2048])],
    ['of one dimension', floats([1, 2], [2])],
    ['of integers', { ...floats([1, 2], [1, 2]), dataType: 6 }],
  ])('refuses a table %s', (_, table) => {
    expect(thrownBy(() => addDecoderBias(editor(32, table), 2, {}))).toMatchObject(invalid('position bias'));
  });
});

describe('replaceEncoderBias', () => {
  test.each(encoderCases)('knows each offset as transformers does: $numBuckets buckets up to $maxDistance', (golden) => {
    const { numBuckets, maxDistance, changes } = golden;
    const edited = editor(numBuckets);
    replaceEncoderBias(edited, { relative_attention_max_distance: maxDistance });
    const [biases] = addedTable(edited);
    expectAsTransformers(changes, (offset) => biases![maxDistance + Math.max(-maxDistance, Math.min(maxDistance, offset))]!);
  });

  test('refuses a bias that is used in another way', () => {
    const edited = new GraphEditor(
      graph([node('Gather', [TABLE, 'in'], ['out'])], { initializers: new Map([[TABLE, bucketNumbers(32)]]) }),
      'new/',
    );
    expect(thrownBy(() => replaceEncoderBias(edited, {}))).toMatchObject(invalid('position bias'));
  });
});
