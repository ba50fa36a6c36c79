import type { IncomingHttpHeaders } from 'node:http';

/** The key that a request shows: `x-api-key`, else `Authorization: Bearer`; '' where there is neither. */
export function presentedKey(headers: IncomingHttpHeaders): string {
  const given = headers['x-api-key'];
  if (typeof given === 'string') return given;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}
