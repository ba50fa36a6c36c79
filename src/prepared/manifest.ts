import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { PreparableModel, PreparedFiles } from '../protocol.ts';
import { DtypeSchema, TaskSchema } from '../schemas.ts';
import { MANIFEST } from './prepared-layout.ts';

/** A name below the preparation's own folder. */
const nameSchema = v.pipe(v.string(), v.regex(/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/));
const filesSchema = v.record(v.string(), nameSchema);

const countSchema = v.pipe(v.number(), v.minValue(0));
const about = {
  format: v.literal(1),
  /** The preparer's version. */
  preparer: v.number(),
  task: TaskSchema,
  model: v.object({ id: v.string(), revision: v.nullable(v.string()), dtype: DtypeSchema }),
  quantize: v.boolean(),
  machine: v.object({ runtime: v.string(), cpu: v.string() }),
  sources: v.record(v.string(), v.object({ path: v.string(), sizeBytes: countSchema, fingerprint: v.string() })),
  /** Milliseconds since 1970. */
  createdMs: v.number(),
  prepareMs: countSchema,
};

const ManifestSchema = v.variant('status', [
  v.object({
    ...about,
    status: v.literal('prepared'),
    files: v.object({ graph: filesSchema, optimized: v.nullable(filesSchema) }),
    /** What it takes on the disk beside its sources. */
    sizeBytes: countSchema,
  }),
  v.object({ ...about, status: v.literal('failed'), reason: v.string() }),
]);

/** What is known of one preparation. */
export type Manifest = v.InferOutput<typeof ManifestSchema>;
export type ReadyManifest = Extract<Manifest, { status: 'prepared' }>;
export type FailedManifest = Extract<Manifest, { status: 'failed' }>;

/** The manifest in a folder; undefined if there is none that can be used. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const parsed = v.safeParse(ManifestSchema, JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a manifest so that it outlasts a power cut.
 * @throws the system's error
 */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await using file = await open(join(folder, MANIFEST), 'wx');
  await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
  await file.sync();
}

/** Whether a preparer named files for all that a task loads, all of them below its folder. */
export function areFilesOf(task: PreparableModel['task'], { graph, optimized }: PreparedFiles): boolean {
  const roles = task === 'image-classification' ? ['model'] : ['encoder', 'decoder'];
  const layers = optimized === null ? [graph] : [graph, optimized];
  return layers.every((files) => roles.every((role) => v.is(nameSchema, files[role])) && v.is(filesSchema, files));
}

/** The model with what was prepared of it. */
export function withFiles(
  model: PreparableModel,
  folder: string,
  layer: 'best' | 'graph',
  { files }: ReadyManifest,
): PreparableModel {
  const optimized = layer === 'best' && files.optimized !== null;
  const chosen = optimized && files.optimized !== null ? files.optimized : files.graph;
  const path = (role: string) => join(folder, chosen[role] ?? '');
  if (model.task === 'image-classification') return { ...model, prepared: { model: path('model'), optimized } };
  return { ...model, prepared: { encoder: path('encoder'), decoder: path('decoder'), optimized } };
}
