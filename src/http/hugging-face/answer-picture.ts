import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { answerJson } from '../answer-json.ts';
import { requestState } from '../request-state.ts';
import type { ImageParametersSchema } from './hugging-face-schemas.ts';

interface PictureRequest {
  readonly engine: Pick<Engine, 'classify'>;
  readonly alias: string;
  readonly image: Uint8Array | string;
  readonly parameters: v.InferOutput<typeof ImageParametersSchema>;
  readonly signal: AbortSignal;
}

/** Answers with the best labels of a picture. It stands upright first, as in transformers' pipeline. */
export async function answerPicture(
  context: Context,
  { engine, alias, image, parameters, signal }: PictureRequest,
): Promise<void> {
  const { top_k: topK, function_to_apply: activation } = parameters;
  const { top, timings } = await engine.classify(image, {
    model: alias,
    signal,
    ...(topK == null ? {} : { topK }),
    ...(activation == null ? {} : { activation }),
  });
  requestState(context).timings = timings;
  answerJson(
    context,
    200,
    top.map(({ label, score }) => ({ label, score })),
  );
}
