import type { HubConnection } from './hub-connection.ts';
import type { ModelReference } from './model-reference.ts';

/** Where the Hub has a file's content. */
export function fileAddress({ endpoint }: HubConnection, { repository, revision }: ModelReference, path: string): string {
  const encodedPath = path.split('/').map(encodeURIComponent).join('/');
  return `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${encodedPath}`;
}
