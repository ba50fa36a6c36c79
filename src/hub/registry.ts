import { fileURLToPath } from 'node:url';

/** Where an alias leads: a folder shipped in this package, or a repository of the Hugging Face Hub. */
export type ModelOrigin = { readonly builtin: string } | { readonly repository: string };

/** Aliases of image classifiers. */
export const IMAGE_CLASSIFIERS: ReadonlyMap<string, ModelOrigin> = new Map<string, ModelOrigin>([
  ['mit-b0', { repository: 'Xenova/mit-b0' }],
  ['tiny', { builtin: fileURLToPath(new URL('../../models/tiny-image-classifier', import.meta.url)) }],
]);
