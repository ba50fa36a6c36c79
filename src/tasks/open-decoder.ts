import type { Decoder } from '../generation/decoder.ts';
import type { LocalSummarizer } from '../protocol.ts';
import { createPreparedDecoder } from './prepared-decoder.ts';
import { createSeq2SeqDecoder } from './seq2seq-decoder.ts';
import type { OpenSession, TensorSession } from './tensor-session.ts';

interface OpenOptions {
  readonly numThreads: number;
  readonly openSession: OpenSession;
}

interface OpenedDecoder {
  readonly decoder: Decoder;
  /** What an operator should know of it. */
  readonly warnings: readonly string[];
  readonly release: () => Promise<void>;
}

type Open = (path: string, options?: { readonly optimized: boolean }) => Promise<TensorSession>;

/**
 * Loads the prepared graphs of a model, and its own where there are none or they cannot be loaded.
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export async function openDecoder({ files, prepared }: LocalSummarizer, options: OpenOptions): Promise<OpenedDecoder> {
  if (prepared === null) return { ...(await openTogether(options, (open) => openStock(files, open))), warnings: [] };
  const { optimized } = prepared;
  try {
    const opened = await openTogether(options, async (open) =>
      createPreparedDecoder({
        encoder: await open(prepared.encoder, { optimized }),
        decoder: await open(prepared.decoder, { optimized }),
      }),
    );
    return { ...opened, warnings: [] };
  } catch {
    const warning = 'its prepared graphs cannot be loaded, so its own are used; prepare it again with --force';
    return { ...(await openTogether(options, (open) => openStock(files, open))), warnings: [warning] };
  }
}

async function openStock({ encoder, decoder, decoderWithPast }: LocalSummarizer['files'], open: Open): Promise<Decoder> {
  return createSeq2SeqDecoder({
    encoder: await open(encoder),
    decoder: await open(decoder),
    decoderWithPast: decoderWithPast === null ? null : await open(decoderWithPast),
  });
}

/** Opens several graphs; if one fails, those before it are given back. */
async function openTogether(
  { numThreads, openSession }: OpenOptions,
  create: (open: Open) => Promise<Decoder>,
): Promise<Omit<OpenedDecoder, 'warnings'>> {
  const opened: TensorSession[] = [];
  const release = async () => {
    for (const session of opened) await session.release();
  };
  try {
    const decoder = await create(async (path, how) => {
      const session = await openSession(path, { numThreads, ...how });
      opened.push(session);
      return session;
    });
    return { decoder, release };
  } catch (error) {
    await release();
    throw error;
  }
}
