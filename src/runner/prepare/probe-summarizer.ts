import type { Decoder, DecoderBatch } from '../../generation/decoder.ts';
import { logSoftmax } from '../../generation/log-softmax.ts';
import type { LocalSummarizer } from '../../protocol.ts';
import { createPreparedDecoder } from '../../tasks/prepared-decoder.ts';
import { createSeq2SeqDecoder } from '../../tasks/seq2seq-decoder.ts';
import { openProbed } from './open-probed.ts';
import type { ProbedGraphs } from './probe.ts';

/** What a decoder is asked: texts of these lengths, then these rows as continuations of earlier ones. */
interface Script {
  readonly lengths: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

/** Texts alone and together, of odd and even lengths; beams that split, change places and end, all at once or one by one. */
const SCRIPTS: readonly Script[] = [
  { lengths: [7], steps: [[0], [0, 0, 0, 0], [1, 0, 3, 3], [2, 2, 1, 0]] },
  { lengths: [12], steps: [[0], [0], [0, 0]] },
  {
    lengths: [5, 8, 12, 11],
    steps: [
      [0, 1, 2, 3],
      [0, 0, 1, 1, 2, 2, 3, 3],
      [1, 0, 4, 5, 7, 6],
      [1, 2, 3],
      [0, 2],
    ],
  },
];

/** What T5 adds for the distance of two tokens changes until far apart: a long text, and a summary that is not short. */
const FAR_APART: Script = { lengths: [100], steps: Array.from({ length: 40 }, () => [0]) };

/** Token ids below this one tend to be special. */
const FIRST_WORD = 3;

/** The scores that a summarizer's graphs give to rows of made-up texts: logits, and log-probabilities for the last rows. */
export async function probeSummarizer(
  { files }: LocalSummarizer,
  graphs: ProbedGraphs,
  { numThreads, config }: { readonly numThreads: number; readonly config: Readonly<Record<string, unknown>> },
): Promise<Float32Array[]> {
  const open = (path: string, role: string) => openProbed(path, { graphs, role, numThreads });
  const numWords = typeof config['vocab_size'] === 'number' ? config['vocab_size'] : 0;
  const next = createIds(numWords);
  // Models that learn positions one by one know nothing of distances, and may have but few.
  const scripts = config['max_position_embeddings'] === undefined ? [...SCRIPTS, FAR_APART] : SCRIPTS;
  if (graphs.kind === 'stock') {
    const decoderWithPast = files.decoderWithPast === null ? null : await open(files.decoderWithPast, '');
    const [encoder, decoder] = [await open(files.encoder, ''), await open(files.decoder, '')];
    return run(createSeq2SeqDecoder({ encoder, decoder, decoderWithPast }), scripts, next);
  }
  const { encoder = '', decoder = '' } = graphs.paths;
  const sessions = { encoder: await open(encoder, 'encoder'), decoder: await open(decoder, 'decoder') };
  return run(createPreparedDecoder(sessions), scripts, next);
}

async function run(decoder: Decoder, scripts: readonly Script[], nextId: () => number): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (const { lengths, steps } of scripts) {
    const texts = lengths.map((length) => Array.from({ length }, nextId));
    const batch = await decoder.start(texts, 0);
    for (const [place, parents] of steps.entries()) {
      rows.push(...(await step(batch, parents, { nextId, logProbs: place === steps.length - 1 })));
    }
  }
  return rows;
}

async function step(
  batch: DecoderBatch,
  parents: readonly number[],
  { nextId, logProbs }: { readonly nextId: () => number; readonly logProbs: boolean },
): Promise<Float32Array[]> {
  const inputIds = Int32Array.from(parents, nextId);
  const { data, vocabSize, normalized } = await batch.step({ inputIds, parents: Int32Array.from(parents), logProbs });
  const rows = parents.map((_, row) => data.slice(row * vocabSize, (row + 1) * vocabSize));
  if (logProbs && !normalized) rows.forEach(logSoftmax);
  return rows;
}

/** Always the same numbers. */
function createIds(numWords: number): () => number {
  let state = 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return FIRST_WORD + (state % Math.max(1, numWords - FIRST_WORD));
  };
}
