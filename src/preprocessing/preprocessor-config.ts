import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { type ProcessorDefaults, processorDefaults } from './processor-defaults.ts';
import type { Resample, Size } from './resize.ts';

/** What is done to a picture's size before anything else. */
export type ResizeRule =
  | { readonly kind: 'exact'; readonly size: Size }
  /** The shorter side becomes `edge`, the other keeps the aspect ratio and is at most `longestEdge`. */
  | { readonly kind: 'shortest-edge'; readonly edge: number; readonly longestEdge: number | null };

/** A preprocessor_config.json with nothing left open, whatever its age: what is done to a picture, in this order. */
export interface ImageProcessorConfig {
  readonly resize: ResizeRule | null;
  readonly resample: Resample;
  /** ConvNeXT: cut from the middle of the resized picture, which is never smaller. */
  readonly resizeCrop: Size | null;
  /** Cut from the middle; where the picture is smaller, black is added. */
  readonly centerCrop: Size | null;
  readonly rescaleFactor: number | null;
  /** EfficientNet: 1 is subtracted after rescaling. */
  readonly rescaleOffset: boolean;
  readonly normalize: { readonly mean: ChannelValues; readonly std: ChannelValues } | null;
  /** EfficientNet: divided by this once more. */
  readonly lastStd: ChannelValues | null;
  /** MobileViT: BGR. */
  readonly flipChannels: boolean;
}

/** One value each for red, green and blue. */
type ChannelValues = readonly [number, number, number];

/** Sizes beyond this are a mistake or an attack: the largest classifiers take about 1000 pixels a side. */
const MAX_EDGE = 4096;
/** Pillow's numbers for its filters. */
const RESAMPLE_NAMES: readonly Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

const edgeSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_EDGE));
const sizeSchema = v.union([
  edgeSchema,
  v.strictTuple([edgeSchema, edgeSchema]),
  v.object({ height: edgeSchema, width: edgeSchema }),
  v.object({ shortest_edge: edgeSchema, longest_edge: v.nullish(edgeSchema) }),
]);
const channelValuesSchema = v.union([v.pipe(v.number(), v.finite()), v.strictTuple([finite(), finite(), finite()])]);

function finite() {
  return v.pipe(v.number(), v.finite());
}

/** In what a field is expected to be, for whoever reads the message; the schema says it to the machine. */
const FIELDS = {
  image_processor_type: [v.string(), 'a name'],
  feature_extractor_type: [v.string(), 'a name'],
  do_resize: [v.boolean(), 'true or false'],
  size: [sizeSchema, `a size of 1 to ${MAX_EDGE} pixels: N, [height, width], {height, width} or {shortest_edge}`],
  resample: [v.union([v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5)), v.string()]), 'a filter of Pillow, 0 to 5'],
  crop_pct: [v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 'a share above 0 and up to 1'],
  do_center_crop: [v.boolean(), 'true or false'],
  crop_size: [sizeSchema, `a size of 1 to ${MAX_EDGE} pixels: N or {height, width}`],
  do_rescale: [v.boolean(), 'true or false'],
  rescale_factor: [v.pipe(v.number(), v.finite()), 'a number'],
  rescale_offset: [v.boolean(), 'true or false'],
  include_top: [v.boolean(), 'true or false'],
  do_normalize: [v.boolean(), 'true or false'],
  image_mean: [channelValuesSchema, 'a number or three, one per channel'],
  image_std: [channelValuesSchema, 'a number or three, one per channel'],
  do_flip_channel_order: [v.boolean(), 'true or false'],
} as const satisfies Record<string, readonly [v.GenericSchema, string]>;

type Fields = { readonly [name in keyof typeof FIELDS]?: v.InferOutput<(typeof FIELDS)[name][0]> };
type SizeField = v.InferOutput<typeof sizeSchema>;

/**
 * Reads a preprocessor_config.json in its old (feature extractor) and new (image processor) forms; what is absent or null is what
 * the named processor of transformers takes by default.
 * @param source the file's name, for messages
 * @throws OnnxPredictError MODEL_INVALID naming the field, its value and what is expected
 */
export function parsePreprocessorConfig(json: unknown, source: string): ImageProcessorConfig {
  const fields = readFields(json, source);
  const type = fields.image_processor_type ?? fields.feature_extractor_type;
  const defaults = processorDefaults(type);
  const { resize, resizeCrop } = resizeRule(fields, defaults, source);
  const crops = defaults.kind !== 'segformer' && (fields.do_center_crop ?? defaults.doCenterCrop);
  const rescales = fields.do_rescale ?? true;
  return {
    resize,
    resample: resampleFilter(fields.resample ?? defaults.resample, source),
    resizeCrop,
    centerCrop: crops ? exactSize(fields.crop_size ?? defaults.cropSize, 'crop_size', source) : null,
    rescaleFactor: rescales ? (fields.rescale_factor ?? 1 / 255) : null,
    rescaleOffset: defaults.kind === 'efficientnet' && rescales && (fields.rescale_offset ?? false),
    normalize: normalization(fields, defaults, source),
    lastStd: defaults.kind === 'efficientnet' && (fields.include_top ?? true) ? divisor(fields, defaults, source) : null,
    flipChannels: defaults.kind === 'mobilevit' && (fields.do_flip_channel_order ?? true),
  };
}

function readFields(json: unknown, source: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(source, 'is not a JSON object');
  const given = json as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const [name, [schema, expected]] of Object.entries(FIELDS)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null) continue;
    const parsed = v.safeParse(schema, value);
    if (!parsed.success) throw invalid(source, `has ${name} ${describe(value)}, which is not ${expected}`);
    fields[name] = parsed.output;
  }
  return fields as Fields;
}

/** The resizing rule, and what it crops to afterwards by itself. */
function resizeRule(
  fields: Fields,
  defaults: ProcessorDefaults,
  source: string,
): { readonly resize: ResizeRule | null; readonly resizeCrop: Size | null } {
  if (fields.do_resize === false) return { resize: null, resizeCrop: null };
  const size = fields.size ?? defaults.size;
  if (size === null) throw invalid(source, 'names no size');
  const rule = plainRule(size, fields, defaults);
  if (defaults.kind === 'convnext') return convnextRule(rule, fields.crop_pct ?? 224 / 256, source);
  if (defaults.kind === 'levit' && rule.kind === 'shortest-edge') {
    return { resize: shortestEdge(Math.trunc((256 / 224) * rule.edge), source), resizeCrop: null };
  }
  if (defaults.kind === 'poolformer') return { resize: poolformerRule(rule, fields.crop_pct ?? 0.9, source), resizeCrop: null };
  return { resize: rule, resizeCrop: null };
}

function plainRule(size: SizeField, fields: Fields, defaults: ProcessorDefaults): ResizeRule {
  if (typeof size === 'number') {
    // An unnamed processor that crops wants the aspect ratio kept, as torchvision's habit is.
    const square = defaults.intIsSquare ?? fields.do_center_crop !== true;
    return square
      ? { kind: 'exact', size: { width: size, height: size } }
      : { kind: 'shortest-edge', edge: size, longestEdge: null };
  }
  if (Array.isArray(size)) return { kind: 'exact', size: { height: size[0], width: size[1] } };
  if ('height' in size) return { kind: 'exact', size };
  const { shortest_edge, longest_edge } = size as Extract<SizeField, { shortest_edge: number }>;
  return { kind: 'shortest-edge', edge: shortest_edge, longestEdge: longest_edge ?? null };
}

/** Below 384 pixels, a larger picture is made and its middle cut out; from there on the picture is squeezed into a square. */
function convnextRule(rule: ResizeRule, cropPct: number, source: string): { resize: ResizeRule; resizeCrop: Size | null } {
  if (rule.kind === 'exact') throw invalid(source, 'has a size without shortest_edge, which this kind of processor needs');
  const square = { width: rule.edge, height: rule.edge };
  if (rule.edge >= 384) return { resize: { kind: 'exact', size: square }, resizeCrop: null };
  return { resize: shortestEdge(Math.trunc(rule.edge / cropPct), source), resizeCrop: square };
}

function poolformerRule(rule: ResizeRule, cropPct: number, source: string): ResizeRule {
  if (rule.kind === 'shortest-edge') return shortestEdge(Math.trunc(rule.edge / cropPct), source);
  const width = Math.trunc(rule.size.width / cropPct);
  const height = Math.trunc(rule.size.height / cropPct);
  return width === height ? shortestEdge(width, source) : { kind: 'exact', size: { width, height } };
}

function shortestEdge(edge: number, source: string): ResizeRule {
  if (edge > MAX_EDGE)
    throw invalid(source, `makes the shorter side ${edge} pixels by its crop_pct; at most ${MAX_EDGE} are made`);
  return { kind: 'shortest-edge', edge, longestEdge: null };
}

function exactSize(size: SizeField | null, name: string, source: string): Size {
  if (typeof size === 'number') return { width: size, height: size };
  if (Array.isArray(size)) return { height: size[0], width: size[1] };
  if (size !== null && 'height' in size) return size as Size;
  throw invalid(source, `has do_center_crop, but no ${name} with height and width`);
}

function resampleFilter(resample: number | string, source: string): Resample {
  const name =
    typeof resample === 'number' ? RESAMPLE_NAMES[resample] : RESAMPLE_NAMES.find((known) => known === resample.toLowerCase());
  if (name !== undefined) return name;
  throw invalid(source, `has resample ${describe(resample)}, which is not a filter of Pillow (0 to 5)`);
}

function normalization(fields: Fields, defaults: ProcessorDefaults, source: string): ImageProcessorConfig['normalize'] {
  if (defaults.kind === 'mobilevit' || !(fields.do_normalize ?? defaults.doNormalize)) return null;
  const mean = fields.image_mean ?? defaults.imageMean;
  if (mean === null) throw invalid(source, 'names no image_mean');
  return { mean: perChannel(mean), std: divisor(fields, defaults, source) };
}

/** What channels are divided by, which must stay a divisor as a float32. */
function divisor(fields: Fields, defaults: ProcessorDefaults, source: string): ChannelValues {
  const std = fields.image_std ?? defaults.imageStd;
  if (std === null) throw invalid(source, 'names no image_std');
  const values = perChannel(std);
  if (values.some((value) => Math.fround(value) === 0))
    throw invalid(source, `has image_std ${JSON.stringify(std)}, which divides by zero`);
  return values;
}

function perChannel(value: number | ChannelValues): ChannelValues {
  return typeof value === 'number' ? [value, value, value] : value;
}

/** A value of a JSON file as a message shows it: its beginning, and nothing of what is nested in it, which may be endlessly deep. */
function describe(value: unknown): string {
  const isNested = (part: unknown) => typeof part === 'object' && part !== null && part !== value;
  return JSON.stringify(value, (_, part: unknown) => (isNested(part) ? '…' : part)).slice(0, 80);
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
