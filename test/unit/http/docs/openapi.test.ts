import { Validator } from '@seriousme/openapi-schema-validator';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { readApiInfo } from '../../../../src/http/docs/api-info.ts';
import { createOpenApiDocument } from '../../../../src/http/docs/openapi.ts';
import type { Route } from '../../../../src/http/route.ts';
import { SAMPLE_ROUTES } from '../sample-routes.ts';

const document = createOpenApiDocument(SAMPLE_ROUTES, readApiInfo());

function routeAnswering(schema: v.GenericSchema): Route {
  const documentation = {
    operationId: 'sample',
    summary: 'A sample',
    description: 'A sample.',
    tag: 'default',
    responses: { 200: { description: 'Done.', content: { type: 'application/json', schema } } },
  };
  return { method: 'GET', path: '/sample', documentation, handle: () => {} };
}

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' });
});

test('it names this package and its version', () => {
  expect(document.info).toMatchObject({ title: 'onnx-predict', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});

test('it has the documented routes and no others', () => {
  const operations = Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item)]);
  expect(operations).toEqual([
    ['/', ['get']],
    ['/items', ['post']],
  ]);
});

test('two methods of one path are operations of it', () => {
  const post: Route = { ...SAMPLE_ROUTES[1]!, path: '/' };
  expect(Object.keys(createOpenApiDocument([SAMPLE_ROUTES[0]!, post], readApiInfo()).paths['/']!)).toEqual(['get', 'post']);
});

test('query parameters are optional, as clients send them, with their defaults', () => {
  expect(document.paths['/items']!.post!.parameters).toEqual([
    { name: 'model', in: 'query', required: false, description: 'Which one.', schema: { type: 'string', default: 't5' } },
    { name: 'top', in: 'query', required: false, schema: { type: 'string', pattern: '^\\d+$' } },
  ]);
});

test('a body has a schema for each media type, and a file in it is bytes', () => {
  expect(document.paths['/items']!.post!.requestBody).toEqual({
    required: true,
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/TextRequest' } },
      'multipart/form-data': {
        schema: {
          type: 'object',
          properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
          required: ['file'],
        },
      },
    },
  });
});

test('a response may have no body', () => {
  expect(document.paths['/items']!.post!.responses['204']).toEqual({ description: 'There is none.' });
});

describe('component schemas', () => {
  test('are the objects with a title, in alphabetical order, each once', () => {
    expect(Object.keys(document.components.schemas)).toEqual(['Item', 'Problem', 'TextRequest']);
    const { 429: full, 503: late } = document.paths['/items']!.post!.responses;
    expect(full!.content).toEqual(late!.content);
    expect(full!.content).toEqual({ 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } });
  });

  test('are found inside other schemas, and properties named as keywords are no schemas', () => {
    expect(document.paths['/items']!.post!.responses['200']!.content).toEqual({
      'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Item' } } },
    });
    expect(document.components.schemas['Item']).toMatchObject({
      properties: { title: { type: 'string' }, type: { type: 'number' } },
    });
  });

  test.each([
    ['unions', (inner: v.GenericSchema) => v.union([inner, v.null()])],
    ['objects', (inner: v.GenericSchema) => v.object({ inner: v.optional(inner) })],
    ['rests', (inner: v.GenericSchema) => v.objectWithRest({}, inner)],
    ['tuples', (inner: v.GenericSchema) => v.tuple([inner])],
  ])('are found in %s', (_, wrap) => {
    const inner = v.pipe(v.object({}), v.title('Inner'));
    const { components, paths } = createOpenApiDocument([routeAnswering(wrap(inner))], readApiInfo());
    expect(components.schemas).toEqual({ Inner: { type: 'object', properties: {}, title: 'Inner' } });
    expect(JSON.stringify(paths)).toContain('"$ref":"#/components/schemas/Inner"');
  });

  test('may not be two of one name', () => {
    const other = routeAnswering(v.pipe(v.object({ text: v.number() }), v.title('TextRequest')));
    expect(() => createOpenApiDocument([...SAMPLE_ROUTES, other], readApiInfo())).toThrow(
      'Two schemas have the title TextRequest',
    );
  });
});
