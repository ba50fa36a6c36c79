import { fixedInputSize } from '../../preprocessing/image-processor.ts';
import { parsePreprocessorConfig } from '../../preprocessing/preprocessor-config.ts';
import type { LocalClassifier } from '../../protocol.ts';
import { readJson } from '../../tasks/read-json.ts';
import { openProbed } from './open-probed.ts';
import type { ProbedGraphs } from './probe.ts';

const MAX_PREPROCESSOR_CONFIG_BYTES = 1024 * 1024;
const NUM_PICTURES = 2;
const DEFAULT_SIZE = { height: 224, width: 224 };

/** The logits that a classifier's graph gives to made-up pictures. */
export async function probeClassifier(
  { files }: LocalClassifier,
  graphs: ProbedGraphs,
  { numThreads }: { readonly numThreads: number },
): Promise<Float32Array[]> {
  const processor = parsePreprocessorConfig(
    await readJson(files.preprocessorConfig, MAX_PREPROCESSOR_CONFIG_BYTES),
    files.preprocessorConfig,
  );
  const { height, width } = fixedInputSize(processor) ?? DEFAULT_SIZE;
  const path = graphs.kind === 'stock' ? files.model : graphs.paths['model']!;
  const session = await openProbed(path, { graphs, role: 'model', numThreads });
  const input = session.inputs[0]!.name;
  const output = (session.outputs.find(({ name }) => name === 'logits') ?? session.outputs[0]!).name;
  const rows: Float32Array[] = [];
  for (let picture = 1; picture <= NUM_PICTURES; picture++) {
    const data = Float32Array.from({ length: 3 * height * width }, (_, i) => Math.sin(i * picture * 0.37) + Math.cos(i * 0.011));
    rows.push((await session.run({ [input]: { data, dims: [1, 3, height, width] } }, output)).data);
  }
  return rows;
}
