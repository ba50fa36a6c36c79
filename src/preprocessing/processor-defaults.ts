/** What transformers' image processors take for absent fields: models/<name>/image_processing_pil_<name>.py of version 5.18. */

/** Processors that have rules of their own: of resizing, or of arithmetic, or of what they never do (crop, normalise). */
type ProcessorKind = 'plain' | 'segformer' | 'convnext' | 'levit' | 'poolformer' | 'efficientnet' | 'mobilevit';

export interface ProcessorDefaults {
  readonly kind: ProcessorKind;
  readonly size: { readonly height: number; readonly width: number } | { readonly shortest_edge: number } | null;
  /** Whether a size that is one number means a square, rather than the shorter side; undefined where nothing says so. */
  readonly intIsSquare: boolean | undefined;
  /** Pillow's number of the filter. */
  readonly resample: number;
  readonly doCenterCrop: boolean;
  readonly cropSize: { readonly height: number; readonly width: number } | null;
  readonly doNormalize: boolean;
  readonly imageMean: readonly [number, number, number] | null;
  readonly imageStd: readonly [number, number, number] | null;
}

const BILINEAR = 2;
const BICUBIC = 3;
const HALF = { imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] } as const;
const IMAGENET = { imageMean: [0.485, 0.456, 0.406], imageStd: [0.229, 0.224, 0.225] } as const;
const OPENAI_CLIP = {
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
} as const;

function square(edge: number): { height: number; width: number } {
  return { height: edge, width: edge };
}

const plain = { kind: 'plain', intIsSquare: true, doCenterCrop: false, cropSize: null, doNormalize: true } as const;
const cropped = { kind: 'plain', intIsSquare: false, doCenterCrop: true, cropSize: square(224), doNormalize: true } as const;

const DEFAULTS: Readonly<Record<string, ProcessorDefaults>> = {
  vit: { ...plain, ...HALF, size: square(224), resample: BILINEAR },
  segformer: { ...plain, ...IMAGENET, kind: 'segformer', size: square(512), resample: BILINEAR },
  siglip: { ...plain, ...HALF, intIsSquare: false, size: square(224), resample: BICUBIC },
  beit: { ...plain, ...HALF, size: square(224), resample: BICUBIC, cropSize: square(224) },
  deit: { ...plain, ...HALF, size: square(256), resample: BICUBIC, doCenterCrop: true, cropSize: square(224) },
  efficientnet: { ...plain, ...HALF, kind: 'efficientnet', size: square(346), resample: BICUBIC, cropSize: square(289) },
  convnext: { ...plain, ...HALF, kind: 'convnext', intIsSquare: false, size: { shortest_edge: 384 }, resample: BICUBIC },
  mobilenetv1: { ...cropped, ...HALF, size: { shortest_edge: 256 }, resample: BILINEAR },
  mobilenetv2: { ...cropped, ...HALF, size: { shortest_edge: 256 }, resample: BILINEAR },
  mobilevit: {
    ...cropped,
    ...HALF,
    kind: 'mobilevit',
    size: { shortest_edge: 224 },
    resample: BICUBIC,
    cropSize: square(256),
    doNormalize: false,
  },
  levit: { ...cropped, ...IMAGENET, kind: 'levit', size: { shortest_edge: 224 }, resample: BICUBIC },
  poolformer: { ...cropped, ...IMAGENET, kind: 'poolformer', size: { shortest_edge: 224 }, resample: BICUBIC },
  bit: { ...cropped, ...OPENAI_CLIP, size: { shortest_edge: 224 }, resample: BICUBIC },
  clip: { ...cropped, ...OPENAI_CLIP, size: { shortest_edge: 224 }, resample: BICUBIC },
};

/** A processor that nobody knows says everything that matters itself. */
const UNKNOWN: ProcessorDefaults = {
  ...plain,
  intIsSquare: undefined,
  size: null,
  resample: BILINEAR,
  imageMean: null,
  imageStd: null,
};

/** The defaults of `type`, the name of an image processor or, in old files, a feature extractor (`ConvNextFeatureExtractor`). */
export function processorDefaults(type: string | undefined): ProcessorDefaults {
  const name = type?.replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, '').toLowerCase() ?? '';
  return Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]! : UNKNOWN;
}
