import type { Catalogue } from '../models/catalogue.ts';
import { Refusal } from '../refusal.ts';

/**
 * Sees that a model has the version that is asked for, which is its commit on the Hub: the only one that this server uses.
 * @throws Refusal 404
 */
export async function checkVersion(catalogue: Catalogue, alias: string, version: string | undefined): Promise<void> {
  if (version === undefined) return;
  const versions = listVersions(await catalogue.describe(alias));
  if (versions.includes(version)) return;
  const known = versions.length === 0 ? 'it has none' : `it has ${versions.join(', ')}`;
  throw new Refusal(404, `The model ${alias} has no version of that name: ${known}. Leave the version out.`);
}

/** The versions that may be named. */
export function listVersions(models: readonly { readonly revision: string | null }[]): string[] {
  return [...new Set(models.flatMap(({ revision }) => (revision === null ? [] : [revision])))];
}
