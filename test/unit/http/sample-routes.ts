import * as v from 'valibot';
import type { Route } from '../../../src/http/route.ts';

const ProblemSchema = v.pipe(v.object({ detail: v.string() }), v.title('Problem'));
const TextRequestSchema = v.pipe(v.object({ text: v.string() }), v.title('TextRequest'));
const ItemSchema = v.pipe(v.object({ title: v.string(), type: v.optional(v.number()) }), v.title('Item'));

/** One route of each kind, named as a client would call them. */
export const SAMPLE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    documentation: {
      operationId: 'greet',
      summary: 'Greets',
      description: 'Says hello.',
      tag: 'default',
      responses: {
        200: { description: 'Hello.', content: { type: 'application/json', schema: v.object({ message: v.string() }) } },
      },
    },
    handle: () => {},
  },
  {
    method: 'POST',
    path: '/items',
    documentation: {
      operationId: 'make_items',
      summary: 'Makes items',
      description: 'Of a text, or of a file.',
      tag: 'default',
      query: v.object({
        model: v.optional(v.pipe(v.string(), v.description('Which one.')), 't5'),
        top: v.optional(v.pipe(v.string(), v.digits(), v.transform(Number), v.maxValue(9))),
      }),
      body: {
        'application/json': TextRequestSchema,
        'multipart/form-data': v.object({
          file: v.pipe(v.unknown(), v.metadata({ type: 'string', contentMediaType: 'application/octet-stream' })),
        }),
      },
      responses: {
        200: { description: 'All of them.', content: { type: 'application/json', schema: v.array(ItemSchema) } },
        204: { description: 'There is none.' },
        429: { description: 'Too many.', content: { type: 'application/json', schema: ProblemSchema } },
        503: { description: 'Not now.', content: { type: 'application/json', schema: ProblemSchema } },
      },
    },
    handle: () => {},
  },
  { method: 'GET', path: '/page', documentation: null, handle: () => {} },
];
