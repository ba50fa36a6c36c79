import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { inputFailure } from '../input-failure.ts';
import { type LockedModel, LockedModelSchema } from '../locked-model.ts';
import { cacheFailure } from './cache-failure.ts';
import { type CacheLayout, cacheLayout } from './cache-layout.ts';
import { commitSnapshot, hasBlob, makeFolder, writeReference } from './commit-snapshot.ts';
import type { DescribedCache } from './describe-cached.ts';
import type { RemoteFile } from './list-repository.ts';
import { parseModelReference } from './model-reference.ts';
import { openPartialFile } from './partial-file.ts';
import { damaged, readTar, type TarEntry, tarEnd, tarHeader, tarPadding } from './tar.ts';

/** The first file of an archive says what the others are for. */
const MANIFEST = 'manifest.json';
const MAX_MANIFEST_BYTES = 1024 * 1024;
const BLOB_NAME = /^blobs\/([0-9a-f]{64})$/;

const ManifestSchema = v.strictObject({
  format: v.literal('onnx-predict models'),
  version: v.literal(1),
  models: v.array(v.strictObject({ ...LockedModelSchema.entries, absent: v.array(v.string()) })),
});
type Manifest = v.InferOutput<typeof ManifestSchema>;

/**
 * Writes models into an archive, each content once; it has its name only when it is whole.
 * @throws OnnxPredictError CACHE_INVALID, INVALID_ARGUMENT; the signal's reason
 */
export async function writeArchive(path: string, described: readonly DescribedCache[], signal: AbortSignal): Promise<void> {
  const draft = `${resolve(path)}.${randomUUID()}.part`;
  const models = described.map(({ locked, absent }) => ({ ...locked, absent: [...absent] }));
  const manifest = Buffer.from(
    `${JSON.stringify({ format: 'onnx-predict models', version: 1, models } satisfies Manifest, null, 1)}\n`,
  );
  try {
    await using file = await open(draft, 'wx');
    await write(file, [tarHeader(MANIFEST, manifest.length), manifest, tarPadding(manifest.length)]);
    const written = new Set<string>();
    for (const { locked, layout } of described) {
      for (const { path: name, sizeBytes, sha256 } of locked.files) {
        if (written.has(sha256)) continue;
        written.add(sha256);
        await write(file, [tarHeader(`blobs/${sha256}`, sizeBytes)]);
        for await (const chunk of createReadStream(layout.snapshotFile(locked.revision, name), { highWaterMark: 1024 * 1024 })) {
          signal.throwIfAborted();
          await write(file, [chunk as Buffer]);
        }
        await write(file, [tarPadding(sizeBytes)]);
      }
    }
    await write(file, [tarEnd()]);
    await file.sync();
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    signal.throwIfAborted();
    if (error instanceof OnnxPredictError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError('INVALID_ARGUMENT', `${path} cannot be written (${code}); name another file.`, { cause: error });
  }
}

/**
 * Puts the models of an archive into the cache, as the Hub's client keeps them. Contents are hashed as they come, and get their names
 * only if they are what the archive says; a model appears when all of its files are there.
 * @throws OnnxPredictError INPUT_NOT_FOUND, INPUT_UNREADABLE, CACHE_INVALID, CACHE_UNWRITABLE; the signal's reason
 */
export async function readArchive(
  path: string,
  { cacheDir, symlinks, signal }: { readonly cacheDir: string; readonly symlinks: boolean; readonly signal: AbortSignal },
): Promise<readonly LockedModel[]> {
  const entries = readTar(readFileChunks(path));
  const first = await entries.next();
  if (first.done === true || first.value.name !== MANIFEST) throw damaged(`it does not begin with ${MANIFEST}`);
  const { models } = await readManifest(first.value);
  const wanted = new Map<string, { readonly layout: CacheLayout; readonly sizeBytes: number }[]>();
  for (const { repository, files } of models) {
    const layout = cacheLayout(cacheDir, repository);
    for (const { sha256, sizeBytes } of files) wanted.set(sha256, [...(wanted.get(sha256) ?? []), { layout, sizeBytes }]);
  }
  for await (const entry of entries) {
    signal.throwIfAborted();
    const sha256 = BLOB_NAME.exec(entry.name)?.[1];
    if (sha256 === undefined) throw damaged(`${JSON.stringify(entry.name)} is none of its files`);
    const [place] = wanted.get(sha256) ?? [];
    if (place !== undefined) await keepBlob(entry, { sha256, ...place, signal });
  }
  await finishModels(models, { cacheDir, symlinks });
  return models.map(({ absent: _, ...locked }) => locked);
}

async function* readFileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw inputFailure(error, path);
  }
}

async function readManifest({ sizeBytes, content }: TarEntry): Promise<Manifest> {
  if (sizeBytes > MAX_MANIFEST_BYTES) throw damaged(`${MANIFEST} is too long`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  try {
    const manifest = v.parse(ManifestSchema, JSON.parse(Buffer.concat(chunks).toString('utf8')));
    // Names become folders: they are as strict as those that are asked of the Hub.
    for (const { repository, ref } of manifest.models) parseModelReference(repository, ref);
    return manifest;
  } catch (error) {
    throw damaged(`${MANIFEST} does not say which models there are (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function keepBlob(
  { content, sizeBytes: found }: TarEntry,
  {
    sha256,
    layout,
    sizeBytes,
    signal,
  }: { readonly sha256: string; readonly layout: CacheLayout; readonly sizeBytes: number; readonly signal: AbortSignal },
): Promise<void> {
  const file = toRemoteFile({ path: sha256, sizeBytes, sha256 });
  if (found !== sizeBytes) throw damaged(`blobs/${sha256} has ${found} bytes, and should have ${sizeBytes}`);
  if (await hasBlob(layout, file)) return;
  try {
    await mkdir(dirname(layout.root), { recursive: true });
    await makeFolder(layout, layout.snapshots);
    await makeFolder(layout, layout.blobs);
    const partialPath = layout.partial(sha256);
    const partial = await openPartialFile(partialPath, file, signal);
    try {
      await partial.restart();
      for await (const chunk of content) {
        signal.throwIfAborted();
        await partial.append(chunk);
      }
      if ((await partial.finish()) !== sha256) {
        await unlink(partialPath).catch(() => {});
        throw damaged(`blobs/${sha256} is not what its name says`);
      }
    } finally {
      await partial[Symbol.asyncDispose]();
    }
    await rename(partialPath, layout.blob(sha256));
  } catch (error) {
    signal.throwIfAborted();
    throw cacheFailure(error, layout.root);
  }
}

async function finishModels(
  models: Manifest['models'],
  { cacheDir, symlinks }: { readonly cacheDir: string; readonly symlinks: boolean },
): Promise<void> {
  for (const { repository, revision, ref, files, absent } of models) {
    const layout = cacheLayout(cacheDir, repository);
    const placed = files.map(toRemoteFile);
    // A content that several repositories have came once.
    for (const file of placed) {
      if (!(await hasBlob(layout, file))) await copyBlob(file, layout, models, cacheDir);
    }
    await commitSnapshot(layout, { commit: revision, files: placed, absent }, symlinks);
    await writeReference(layout, ref, revision);
  }
}

async function copyBlob(file: RemoteFile, layout: CacheLayout, models: Manifest['models'], cacheDir: string): Promise<void> {
  for (const { repository } of models) {
    const other = cacheLayout(cacheDir, repository);
    if (!(await hasBlob(other, file))) continue;
    await makeFolder(layout, layout.snapshots);
    await makeFolder(layout, layout.blobs);
    await copyFile(other.blob(file.etag), layout.blob(file.etag)).catch((error: unknown) => {
      throw cacheFailure(error, layout.root);
    });
    return;
  }
  throw damaged(`blobs/${file.etag} is not in it`);
}

function toRemoteFile({ path, sizeBytes, sha256 }: LockedModel['files'][number]): RemoteFile {
  return { path, sizeBytes, etag: sha256, xet: false };
}

async function write(file: FileHandle, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) await file.writeFile(part);
}
