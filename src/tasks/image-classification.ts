import { OnnxPredictError } from '../errors.ts';
import { fixedInputSize } from '../preprocessing/image-processor.ts';
import { type ImageProcessorConfig, parsePreprocessorConfig } from '../preprocessing/preprocessor-config.ts';
import type { ClassificationAnswer, ClassificationRequest, LocalClassifier } from '../protocol.ts';
import { activate, firstSynonym, rankLabels } from './label-scores.ts';
import { parseLabels } from './model-labels.ts';
import type { PreparedImage, PrepareImage } from './prepare-image.ts';
import { readJson } from './read-json.ts';
import type { StepContext } from './step-context.ts';
import type { OpenSession, TensorSession } from './tensor-session.ts';

// ImageNet-21k's config.json, the largest of real classifiers, is about 3 MB.
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
const MAX_PREPROCESSOR_CONFIG_BYTES = 1024 * 1024;

/** A loaded image classifier. */
export interface ImageClassifier {
  /** What an operator should know of it. */
  readonly warnings: readonly string[];
  /** @throws OnnxPredictError for a bad picture; the signal's reason once it is aborted */
  classify(request: ClassificationRequest, context: StepContext): Promise<ClassificationAnswer>;
  release(): Promise<void>;
}

/** A request whose picture is prepared while the model loads; it comes to `classify` as the same object. */
interface FirstRequest {
  readonly request: ClassificationRequest;
  readonly context: StepContext;
}

interface LoadOptions {
  readonly numThreads: number;
  readonly first: FirstRequest | undefined;
  readonly openSession: OpenSession;
  readonly prepareImage: PrepareImage;
}

/**
 * Loads the classifier and checks that its files fit together.
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export async function loadImageClassifier(
  model: LocalClassifier,
  { numThreads, first, openSession, prepareImage }: LoadOptions,
): Promise<ImageClassifier> {
  const { files } = model;
  const labels = parseLabels(await readJson(files.config, MAX_CONFIG_BYTES), files.config);
  const processor = parsePreprocessorConfig(
    await readJson(files.preprocessorConfig, MAX_PREPROCESSOR_CONFIG_BYTES),
    files.preprocessorConfig,
  );
  const prepare = ({ image, maxPixels, ignoreOrientation }: ClassificationRequest, context: StepContext) =>
    prepareImage({ image, maxPixels, ignoreOrientation, processor }, context);
  const ahead = first === undefined ? undefined : { request: first.request, image: prepare(first.request, first.context) };
  // Whoever asks for the picture is told that it failed; if nobody does, nobody needs to know.
  ahead?.image.catch(() => {});
  const { session, warnings } = await openGraph(model, { numThreads, openSession });
  try {
    const { input, output } = checkInterface(session, processor, labels.length, files.model);
    const classifier = createClassifier({ session, labels, input, output, source: files.model, prepare, ahead });
    return { warnings, ...classifier };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Loads the prepared graph, and the model's own where there is none or it cannot be loaded. */
async function openGraph(
  { files, prepared }: LocalClassifier,
  { numThreads, openSession }: Pick<LoadOptions, 'numThreads' | 'openSession'>,
): Promise<{ readonly session: TensorSession; readonly warnings: readonly string[] }> {
  if (prepared === null) return { session: await openSession(files.model, { numThreads }), warnings: [] };
  const { model, optimized } = prepared;
  try {
    return { session: await openSession(model, { numThreads, optimized }), warnings: [] };
  } catch {
    const warning = 'its prepared graph cannot be loaded, so its own is used; prepare it again with --force';
    return { session: await openSession(files.model, { numThreads }), warnings: [warning] };
  }
}

interface ClassifierParts {
  readonly session: TensorSession;
  readonly labels: readonly string[];
  readonly input: string;
  readonly output: string;
  readonly source: string;
  readonly prepare: (request: ClassificationRequest, context: StepContext) => Promise<PreparedImage>;
  readonly ahead: { readonly request: ClassificationRequest; readonly image: Promise<PreparedImage> } | undefined;
}

function createClassifier(parts: ClassifierParts): Omit<ImageClassifier, 'warnings'> {
  const { session, labels, input, output, source, prepare } = parts;
  let { ahead } = parts;
  async function classify(request: ClassificationRequest, context: StepContext): Promise<ClassificationAnswer> {
    const prepared = ahead?.request === request ? ahead.image : prepare(request, context);
    ahead = undefined;
    const { pixelValues, preprocessMs } = await prepared; // [1, 3, height, width]
    context.onStep();
    context.signal.throwIfAborted();
    const startMs = performance.now();
    const logits = await session.run({ [input]: pixelValues }, output); // [1, numLabels]
    const inferenceMs = performance.now() - startMs;
    const scores = activate(checkLogits(logits.data, labels.length, source), request.activation);
    const top = rankLabels(scores, labels, request.topK);
    const [best] = top;
    const abstains = request.minConfidence !== null && best!.score < request.minConfidence;
    return {
      task: 'image-classification',
      classLabel: abstains ? null : firstSynonym(best!.label),
      score: best!.score,
      top,
      timings: { preprocessMs, inferenceMs },
    };
  }
  return { classify, release: () => session.release() };
}

/** The names of the picture's tensor and of the logits. */
function checkInterface(
  session: TensorSession,
  processor: ImageProcessorConfig,
  numLabels: number,
  source: string,
): { input: string; output: string } {
  const input = session.inputs.length === 1 ? session.inputs[0] : undefined;
  if (input === undefined || input.dims.length !== 4) {
    const names = session.inputs.map(({ name }) => name).join(', ');
    throw invalid(source, `takes (${names}) and not one picture [batch, channels, height, width]: it is no image classifier`);
  }
  const [, channels, height, width] = input.dims;
  const size = fixedInputSize(processor);
  if (!fits(channels, 3)) throw invalid(source, `takes pictures of ${channels} channels; only RGB is supported`);
  if (size !== null && !(fits(height, size.height) && fits(width, size.width))) {
    const made = `${size.width} x ${size.height}`;
    throw invalid(source, `takes pictures of ${width} x ${height}, but its preprocessor_config.json makes them ${made}`);
  }
  const output = session.outputs.find(({ name }) => name === 'logits') ?? session.outputs[0];
  if (output === undefined) throw invalid(source, 'has no output');
  // [batch, numLabels]; some conversions leave [batch, numLabels, 1, 1].
  const numRows = output.dims[1];
  if (!fits(numRows, numLabels))
    throw invalid(source, `answers with ${numRows} scores, but its config.json names ${numLabels} labels`);
  return { input: input.name, output: output.name };
}

function fits(dim: number | null | undefined, size: number): boolean {
  return dim === null || dim === undefined || dim === size;
}

function checkLogits(logits: Float32Array, numLabels: number, source: string): Float32Array {
  if (logits.length !== numLabels) {
    throw invalid(source, `answered with ${logits.length} scores, but its config.json names ${numLabels} labels`);
  }
  if (!logits.every(Number.isFinite)) throw invalid(source, 'answered with scores that are not finite numbers');
  return logits;
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
