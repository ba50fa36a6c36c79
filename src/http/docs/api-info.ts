import { readFileSync } from 'node:fs';
import type { ApiInfo } from './openapi.ts';

/** What the OpenAPI document says of this package. */
export function readApiInfo(): ApiInfo {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const { name, version, license } = JSON.parse(text) as { name: string; version: string; license: string };
  return {
    title: name,
    version,
    description: 'Names what is in pictures and summarizes texts, on this machine.',
    license: { name: license, identifier: license },
  };
}
