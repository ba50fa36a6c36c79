import type { Exchange } from '../http-exchange.ts';
import type { Expectation, HttpCase } from './http-cases.ts';

const MISSING = Symbol('missing');

/** What of an answer is not as the recorded case has it, or should have it; empty if all is. */
export function findDifferences(
  { expect, response, expected, relaxed }: HttpCase,
  answer: Exchange,
  base: string,
): readonly string[] {
  const fixed = expect === 'fixed';
  const wanted = fixed ? expected! : response;
  if (answer.status === null || !wanted.status.includes(answer.status)) {
    return [`status ${answer.status} instead of ${wanted.status.join(' or ')}: ${answer.body.toString('utf8', 0, 200)}`];
  }
  const volatile = new Set([...wanted.volatile, ...(fixed ? [] : relaxed)]);
  const { max_ms: maxMs = Number.POSITIVE_INFINITY } = wanted;
  return [
    ...compareHeaders(wanted, answer, base),
    ...compareBody(wanted, answer, volatile),
    ...(answer.elapsedMs > maxMs ? [`took ${answer.elapsedMs} ms`] : []),
  ];
}

/** The value that a JSON pointer leads to. */
export function valueAt(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : MISSING), document);
}

function compareHeaders({ headers }: Expectation, answer: Exchange, base: string): string[] {
  return Object.entries(headers).flatMap(([name, wanted]) => {
    const got = answer.headers[name];
    const same =
      wanted === null ? got === undefined : got !== undefined && normalize(name, got, base) === normalize(name, wanted, base);
    return same ? [] : [`header ${name}: ${got} instead of ${wanted}`];
  });
}

function normalize(name: string, value: string, base: string): string {
  if (name === 'allow')
    return value
      .split(',')
      .map((method) => method.trim())
      .sort()
      .join();
  if (name === 'location') return new URL(value.replace('{BASE}/', base), base).href;
  return name === 'content-type' ? value.toLowerCase().replace(/^application\/json; ?charset=utf-8$/, 'application/json') : value;
}

function compareBody(wanted: Expectation, answer: Exchange, volatile: ReadonlySet<string>): string[] {
  const text = answer.body.toString('utf8');
  if (wanted.body_kind === 'empty') return text === '' ? [] : [`a body: ${text.slice(0, 100)}`];
  const lacking = wanted.contains.filter((part) => !text.includes(part)).map((part) => `the body lacks ${part}`);
  if (wanted.body_kind !== 'json') return lacking;
  const document: unknown = JSON.parse(text);
  const differences = wanted.json === undefined || wanted.any_json ? [] : compareJson(wanted.json, document, volatile, '');
  return [...lacking, ...differences, ...wanted.checks.flatMap((check) => runCheck(check, document))];
}

function runCheck({ pointer, type, regex, not_regex, min_len }: Expectation['checks'][number], document: unknown): string[] {
  const value = valueAt(document, pointer);
  if (value === MISSING) return [`${pointer} is missing`];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [
    ...(type === undefined || typeOf(value) === type ? [] : [`${pointer} is no ${type}`]),
    ...(regex === undefined || new RegExp(regex).test(text) ? [] : [`${pointer} is not like ${regex}: ${text}`]),
    ...(not_regex === undefined || !new RegExp(not_regex).test(text) ? [] : [`${pointer} is like ${not_regex}: ${text}`]),
    ...(text.length >= (min_len ?? 0) ? [] : [`${pointer} is shorter than ${min_len}`]),
  ];
}

function compareJson(wanted: unknown, got: unknown, volatile: ReadonlySet<string>, at: string): string[] {
  if (typeOf(wanted) !== typeOf(got)) return [`${at}: ${typeOf(got)} instead of ${typeOf(wanted)}`];
  if (volatile.has(at)) return [];
  if (!isRecord(wanted) || !isRecord(got)) {
    return wanted === got ? [] : [`${at}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`];
  }
  const keys = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  return [...keys].flatMap((key) => {
    if (!Object.hasOwn(wanted, key)) return [`${at}/${key} is not expected`];
    if (!Object.hasOwn(got, key)) return [`${at}/${key} is missing`];
    return compareJson(wanted[key], got[key], volatile, `${at}/${key}`);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
