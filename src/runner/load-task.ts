import { OnnxPredictError } from '../errors.ts';
import type { ClassificationRequest, LocalModel, RunnerAnswer, RunnerRequest, RunnerTask } from '../protocol.ts';
import type { Device } from '../schemas.ts';
import type { StepContext } from '../tasks/step-context.ts';
import type { Summarizer } from '../tasks/summarization.ts';
import { onDevice } from './device.ts';
import { type PreprocessingThread, startPreprocessingThread } from './preprocessing-thread.ts';

/** A loaded model that does one task. */
export interface LoadedTask {
  /** What an operator should know of the model. */
  readonly warnings: readonly string[];
  /** What a summary takes that does not say how many beams it wants; 1 for other tasks. */
  readonly numBeams: number;
  /**
   * Answers requests that came together, each for itself, in order.
   * @throws in each promise: OnnxPredictError of the task; the signal's reason once it is aborted
   */
  answer(requests: readonly TaskRequest[]): readonly Promise<RunnerAnswer>[];
  release(): Promise<void>;
}

/** A request, and the way to stop it. */
interface TaskRequest {
  readonly request: RunnerRequest;
  readonly context: StepContext;
}

interface LoadOptions {
  readonly numThreads: number;
  readonly device: Device;
  /** The request that comes first, as far as it can be prepared while the model loads. */
  readonly first: TaskRequest | undefined;
}

/**
 * Loads a model with the code of its task, and no other.
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export async function loadTask(model: LocalModel, options: LoadOptions): Promise<LoadedTask> {
  switch (model.task) {
    case 'image-classification':
      return loadClassification(model, options);
    case 'summarization':
      return loadSummarization(model, options);
    case 'tokenization':
      return loadTokenization(model);
  }
}

async function loadClassification(
  model: Extract<LocalModel, { task: 'image-classification' }>,
  { numThreads, device, first }: LoadOptions,
): Promise<LoadedTask> {
  // It starts while the code of the task is loaded.
  const thread: PreprocessingThread = startPreprocessingThread();
  const { prepareImage } = thread;
  try {
    const { loadImageClassifier } = await import('../tasks/image-classification.ts');
    const ahead = isClassification(first?.request) ? { request: first.request, context: first.context } : undefined;
    const { openSession, warnings, adapt } = onDevice(device);
    const classifier = await loadImageClassifier(adapt(model), { numThreads, first: ahead, openSession, prepareImage });
    return {
      warnings: [...warnings, ...classifier.warnings],
      numBeams: 1,
      answer: (requests) =>
        requests.map(async ({ request, context }) => {
          if (!isClassification(request)) throw otherTask(model.task, request);
          return classifier.classify(request, context);
        }),
      async release() {
        await thread.close();
        await classifier.release();
      },
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}

async function loadSummarization(
  model: Extract<LocalModel, { task: 'summarization' }>,
  { numThreads, device }: LoadOptions,
): Promise<LoadedTask> {
  const { loadSummarizer } = await import('../tasks/summarization.ts');
  const { openSession, warnings, adapt } = onDevice(device);
  const summarizer = await loadSummarizer(adapt(model), { numThreads, openSession });
  return {
    warnings: [...warnings, ...summarizer.warnings],
    numBeams: summarizer.numBeams,
    answer: (requests) => answerTexts(requests, summarizer),
    release: () => summarizer.release(),
  };
}

/** Texts to summarize are answered together, what else is asked of a summarizer is over at once. */
function answerTexts(requests: readonly TaskRequest[], summarizer: Summarizer): readonly Promise<RunnerAnswer>[] {
  const summaries = requests.flatMap(({ request, context }) => (request.task === 'summarization' ? [{ request, context }] : []));
  const answers = summarizer.summarize(summaries).values();
  return requests.map(async ({ request, context }) => {
    if (request.task === 'text-division') return summarizer.divide(request, context);
    const answer = request.task === 'summarization' ? answers.next().value : undefined;
    if (answer === undefined) throw otherTask('summarization', request);
    return answer;
  });
}

async function loadTokenization(model: Extract<LocalModel, { task: 'tokenization' }>): Promise<LoadedTask> {
  const [{ loadTokenizer }, { tokenize }] = await Promise.all([
    import('../tasks/load-tokenizer.ts'),
    import('../tasks/tokenization.ts'),
  ]);
  const tokenizer = await loadTokenizer(model.files);
  return {
    warnings: [],
    numBeams: 1,
    answer: (requests) =>
      requests.map(async ({ request }) => {
        if (request.task !== model.task) throw otherTask(model.task, request);
        return tokenize(tokenizer, request);
      }),
    async release() {},
  };
}

function isClassification(request: RunnerRequest | undefined): request is ClassificationRequest {
  return request?.task === 'image-classification';
}

function otherTask(task: RunnerTask, request: RunnerRequest): OnnxPredictError {
  return new OnnxPredictError('INTERNAL', `A runner for ${task} was asked for ${request.task}.`);
}
