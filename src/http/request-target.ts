import type { IncomingMessage } from 'node:http';
import { decodeFormText, percentDecode } from './body/percent-decoding.ts';

/** What a request line asks for. */
export interface RequestTarget {
  /** Percent-decoded once, slashes included; nothing else is changed. */
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly queryString: string;
}

/** Takes a request's target apart. */
export function parseTarget(target: string): RequestTarget {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return { path: percentDecode(path), queryString: mark === -1 ? '' : target.slice(mark + 1) };
}

/** The values of a request's query by their names. */
export function queryOf({ url = '' }: IncomingMessage): ReadonlyMap<string, string> {
  return parseQuery(parseTarget(url).queryString);
}

/** The values of a query by their names; of repeated names the last one counts. */
function parseQuery(queryString: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const pair of queryString.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    values.set(decodeFormText(name), equals === -1 ? '' : decodeFormText(pair.slice(equals + 1)));
  }
  return values;
}
