import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import * as v from 'valibot';

/** Bytes, as the recorded cases describe them. */
interface Content {
  readonly text?: string;
  readonly base64?: string;
  readonly repeat?: string;
  readonly count?: number;
  readonly concat?: readonly Content[];
  readonly solid_png?: readonly [number, number];
  readonly noise_png?: readonly [number, number, number];
  readonly pad_to?: number;
}

const ContentSchema: v.GenericSchema<Content> = v.strictObject({
  text: v.optional(v.string()),
  base64: v.optional(v.string()),
  repeat: v.optional(v.string()),
  count: v.optional(v.number()),
  concat: v.optional(v.array(v.lazy(() => ContentSchema))),
  solid_png: v.optional(v.tuple([v.number(), v.number()])),
  noise_png: v.optional(v.tuple([v.number(), v.number(), v.number()])),
  pad_to: v.optional(v.number()),
}) as v.GenericSchema<Content>;

const FormSchema = v.strictObject({
  parts: v.array(v.strictObject({ headers: v.array(v.string()), content: ContentSchema })),
  boundary: v.string(),
  preamble: v.optional(ContentSchema),
  close: v.optional(v.boolean(), true),
});

const RequestSchema = v.strictObject({
  method: v.string(),
  target: v.optional(v.string()),
  headers: v.optional(v.array(v.tuple([v.string(), v.string()])), []),
  body: v.optional(v.union([FormSchema, ContentSchema])),
  raw: v.optional(ContentSchema),
  chunked: v.optional(v.number()),
});
export type CaseRequest = v.InferOutput<typeof RequestSchema>;

const ExpectationSchema = v.object({
  status: v.pipe(
    v.union([v.number(), v.array(v.number())]),
    v.transform((status) => [status].flat()),
  ),
  headers: v.optional(v.record(v.string(), v.nullable(v.string())), {}),
  body_kind: v.optional(v.string()),
  text: v.optional(v.string()),
  contains: v.optional(v.array(v.string()), []),
  json: v.optional(v.unknown()),
  any_json: v.optional(v.boolean(), false),
  volatile: v.optional(v.array(v.string()), []),
  checks: v.optional(
    v.array(
      v.strictObject({
        pointer: v.string(),
        type: v.optional(v.string()),
        regex: v.optional(v.string()),
        not_regex: v.optional(v.string()),
        min_len: v.optional(v.number()),
      }),
    ),
    [],
  ),
  max_ms: v.optional(v.number()),
});
export type Expectation = v.InferOutput<typeof ExpectationSchema>;

const CaseSchema = v.object({
  id: v.string(),
  title: v.string(),
  expect: v.picklist(['keep', 'fixed']),
  request: RequestSchema,
  response: ExpectationSchema,
  expected: v.optional(ExpectationSchema),
  relaxed: v.optional(v.array(v.string()), []),
  same_as: v.optional(
    v.object({ request: RequestSchema, pointer: v.string(), why: v.string(), equal: v.optional(v.boolean(), true) }),
  ),
});
export type HttpCase = v.InferOutput<typeof CaseSchema>;

/** The recorded requests to the tutorial's server, and what is expected of this one. */
export function readHttpCases(): readonly HttpCase[] {
  const json: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/http/open.json'), 'utf8'));
  return v.parse(v.object({ cases: v.array(CaseSchema) }), json).cases;
}

/** A request's bytes. */
export function buildRequest(request: CaseRequest, host: string): Buffer {
  if (request.raw !== undefined) {
    return Buffer.from(buildContent(request.raw).toString('latin1').replaceAll('{HOST}', host), 'latin1');
  }
  const { method, target = '/', headers, chunked } = request;
  const body = request.body === undefined ? undefined : buildBody(request.body);
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = headers.map(([name, value]) => `${name}: ${value.replaceAll('{HOST}', host)}`);
  if (!names.has('host')) lines.unshift(`Host: ${host}`);
  if (chunked !== undefined) lines.push('Transfer-Encoding: chunked');
  else if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  const head = Buffer.from(`${[`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  if (body === undefined) return head;
  return Buffer.concat([head, chunked === undefined ? body : inChunks(body, chunked)]);
}

function inChunks(body: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

function buildBody(body: NonNullable<CaseRequest['body']>): Buffer {
  if (!('parts' in body)) return buildContent(body);
  const { parts, boundary, preamble, close } = body;
  const pieces = preamble === undefined ? [] : [buildContent(preamble)];
  for (const { headers, content } of parts) {
    const head = [`--${boundary}`, ...headers, '', ''].join('\r\n');
    pieces.push(Buffer.from(head), buildContent(content), Buffer.from('\r\n'));
  }
  return Buffer.concat(close ? [...pieces, Buffer.from(`--${boundary}--\r\n`)] : pieces);
}

function buildContent(content: Content): Buffer {
  const bytes = buildUnpadded(content);
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, (content.pad_to ?? 0) - bytes.length))]);
}

function buildUnpadded({ concat, text, base64, repeat, count = 1, solid_png, noise_png }: Content): Buffer {
  if (concat !== undefined) return Buffer.concat(concat.map(buildContent));
  if (text !== undefined) return Buffer.from(text);
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (repeat !== undefined) return Buffer.from(repeat.repeat(count));
  if (solid_png !== undefined) return buildPng(solid_png, [1, 0], Buffer.alloc((1 + Math.ceil(solid_png[0] / 8)) * solid_png[1]));
  if (noise_png !== undefined) return buildPng([noise_png[0], noise_png[1]], [8, 2], noise(noise_png[0] * 3 + 1, noise_png[1]));
  return Buffer.alloc(0);
}

/** Rows of bytes that no compression makes shorter, each after the filter type 0. */
function noise(rowBytes: number, numRows: number): Buffer {
  const rows = Buffer.alloc(rowBytes * numRows);
  let state = 1;
  for (let at = 0; at < rows.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    rows[at] = at % rowBytes === 0 ? 0 : state >>> 24;
  }
  return rows;
}

function buildPng([width, height]: readonly [number, number], [depth, color]: readonly [number, number], rows: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(rows, { level: 1 })), pngChunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(4 + body.length + 4);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), 4 + body.length);
  return chunk;
}
