import * as v from 'valibot';
import { answerJson } from './answer-json.ts';
import { jsonResponse } from './json-response.ts';
import type { Readiness } from './readiness.ts';
import type { Route } from './route.ts';

const StatusSchema = v.object({ status: v.string() });
const DetailSchema = v.object({ detail: v.string() });

/** Routes for what supervises a server: whether it lives, and whether it wants requests. */
export function createHealthRoutes(readiness: () => Readiness): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/livez',
      open: true,
      documentation: {
        operationId: 'livez',
        summary: 'Whether the process serves',
        description: 'Answers as long as the process can answer at all. If it does not, restart it.',
        tag: 'Operations',
        responses: { 200: jsonResponse('It does.', StatusSchema) },
      },
      handle(context) {
        context.set('Cache-Control', 'no-store');
        answerJson(context, 200, { status: 'alive' });
      },
    },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      documentation: {
        operationId: 'readyz',
        summary: 'Whether requests are welcome',
        description: 'Not before the preloaded models are loaded and warm, and not while the server shuts down.',
        tag: 'Operations',
        responses: {
          200: jsonResponse('They are.', StatusSchema),
          503: jsonResponse('Not now.', DetailSchema),
        },
      },
      handle(context) {
        const now = readiness();
        context.set('Cache-Control', 'no-store');
        if (now.state === 'ready') answerJson(context, 200, { status: now.state });
        else answerJson(context, 503, { detail: now.detail });
      },
    },
  ];
}
