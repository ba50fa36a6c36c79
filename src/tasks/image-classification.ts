import { OnnxPredictError } from '../errors.ts';
import { decodeImage } from '../preprocessing/decode-image.ts';
import { fixedInputSize, preprocessImage } from '../preprocessing/image-processor.ts';
import { type ImageProcessorConfig, parsePreprocessorConfig } from '../preprocessing/preprocessor-config.ts';
import { readImage } from '../preprocessing/read-image.ts';
import type { ClassificationAnswer, ClassificationRequest, LocalModel } from '../protocol.ts';
import { activate, firstSynonym, rankLabels } from './label-scores.ts';
import { parseLabels } from './model-labels.ts';
import { readJson } from './read-json.ts';
import type { OpenSession, TensorSession } from './tensor-session.ts';

// ImageNet-21k's config.json, the largest of real classifiers, is about 3 MB.
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
const MAX_PREPROCESSOR_CONFIG_BYTES = 1024 * 1024;

/** A request's way to be stopped and to show that it lives. */
interface StepContext {
  readonly signal: AbortSignal;
  /** Called after each step: the bytes are read, decoded, preprocessed. */
  readonly onStep: () => void;
}

/** A loaded image classifier. */
export interface ImageClassifier {
  /** @throws OnnxPredictError for a bad picture; the signal's reason once it is aborted */
  classify(request: ClassificationRequest, context: StepContext): Promise<ClassificationAnswer>;
  release(): Promise<void>;
}

/**
 * Loads the classifier and checks that its files fit together.
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export async function loadImageClassifier(
  model: LocalModel,
  options: { readonly numThreads: number; readonly openSession: OpenSession },
): Promise<ImageClassifier> {
  const { files } = model;
  const labels = parseLabels(await readJson(files.config, MAX_CONFIG_BYTES), files.config);
  const processor = parsePreprocessorConfig(
    await readJson(files.preprocessorConfig, MAX_PREPROCESSOR_CONFIG_BYTES),
    files.preprocessorConfig,
  );
  const session = await options.openSession(files.model, { numThreads: options.numThreads });
  try {
    const { input, output } = checkInterface(session, processor, labels.length, files.model);
    return createClassifier({ session, processor, labels, input, output, source: files.model });
  } catch (error) {
    await session.release();
    throw error;
  }
}

interface ClassifierParts {
  readonly session: TensorSession;
  readonly processor: ImageProcessorConfig;
  readonly labels: readonly string[];
  readonly input: string;
  readonly output: string;
  readonly source: string;
}

function createClassifier({ session, processor, labels, input, output, source }: ClassifierParts): ImageClassifier {
  async function classify(request: ClassificationRequest, { signal, onStep }: StepContext): Promise<ClassificationAnswer> {
    function endStep(): void {
      onStep();
      signal.throwIfAborted();
    }
    const startMs = performance.now();
    const bytes = 'path' in request.image ? await readImage(request.image.path) : request.image.bytes;
    endStep();
    const image = await decodeImage(bytes, { maxPixels: request.maxPixels });
    endStep();
    const pixelValues = preprocessImage(image, processor); // [1, 3, height, width]
    endStep();
    const preprocessedMs = performance.now();
    const logits = await session.run({ [input]: pixelValues }, output); // [1, numLabels]
    const inferredMs = performance.now();
    const scores = activate(checkLogits(logits.data, labels.length, source), request.activation);
    const top = rankLabels(scores, labels, request.topK);
    const [best] = top;
    const abstains = request.minConfidence !== null && best!.score < request.minConfidence;
    return {
      classLabel: abstains ? null : firstSynonym(best!.label),
      score: best!.score,
      top,
      timings: { preprocessMs: preprocessedMs - startMs, inferenceMs: inferredMs - preprocessedMs },
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
  if (logits.includes(Number.NaN)) throw invalid(source, 'answered with scores that are not numbers');
  return logits;
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
