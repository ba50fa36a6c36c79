"""Makes golden.json beside this file: what Pillow's resize and transformers' PIL-backed image processors make of synthetic pictures.

    python make_preprocessing_golden.py      (pillow, numpy, torch, transformers)

A picture of width x height has the sample ((x*7 + y*13 + c*29) ^ (x*y*3)) & 255 in channel c of pixel x, y.
"""
import hashlib
import importlib
import json
import pathlib

import numpy as np
import PIL
import transformers
from PIL import Image

SIZES = [(1, 1), (2, 3), (17, 31), (100, 70), (640, 480), (3000, 24), (5, 600)]
TARGETS = [(64, 64), (224, 224), (300, 7), (1, 1), (50, None), (None, 50)]

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
CONFIGS = {
    "google/vit-base-patch16-224": {"do_normalize": True, "do_rescale": True, "do_resize": True, **HALF, "image_processor_type": "ViTImageProcessor", "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": 224, "width": 224}},
    "old ViT": {"do_normalize": True, "do_resize": True, **HALF, "feature_extractor_type": "ViTFeatureExtractor", "resample": 2, "size": 96},
    "ViT, bare": {"image_processor_type": "ViTImageProcessor"},
    "ViT, fast": {"image_processor_type": "ViTImageProcessorFast", "size": {"height": 64, "width": 80}, "resample": 3, "do_normalize": False},
    "ViT, raw samples": {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 48}, "do_rescale": False},
    "ViT, one mean": {"image_processor_type": "ViTImageProcessor", "size": [48, 40], "image_mean": 0.4, "image_std": 0.3},
    "nvidia/mit-b0": {"do_normalize": True, "do_reduce_labels": False, "do_rescale": True, "do_resize": True, **IMAGENET, "image_processor_type": "SegformerFeatureExtractor", "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": 512, "width": 512}},
    "old Segformer": {"do_normalize": True, "do_resize": True, "feature_extractor_type": "SegformerFeatureExtractor", **IMAGENET, "reduce_labels": False, "resample": 2, "size": 64},
    "microsoft/resnet-50": {"crop_pct": 0.875, "do_normalize": True, "do_resize": True, "feature_extractor_type": "ConvNextFeatureExtractor", **IMAGENET, "resample": 3, "size": 224},
    "facebook/convnext-tiny-224": {"crop_pct": 0.875, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_processor_type": "ConvNextImageProcessor", **IMAGENET, "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 224}},
    "ConvNeXT 384": {"image_processor_type": "ConvNextImageProcessor", **IMAGENET, "size": {"shortest_edge": 384}},
    "ConvNeXT, small, odd crop_pct": {"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.95, "size": {"shortest_edge": 65}, "resample": 1},
    "google/mobilenet_v1_1.0_224": {"crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_processor_type": "MobileNetV1ImageProcessor", **HALF, "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}},
    "old MobileNetV2": {"crop_size": 96, "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "MobileNetV2FeatureExtractor", **HALF, "resample": 2, "size": 111},
    "apple/mobilevit-small": {"crop_size": {"height": 256, "width": 256}, "do_center_crop": True, "do_flip_channel_order": True, "do_rescale": True, "do_resize": True, "image_processor_type": "MobileViTImageProcessor", "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 288}},
    "old MobileViT": {"crop_size": 64, "do_center_crop": True, "do_flip_channel_order": True, "do_resize": True, "feature_extractor_type": "MobileViTFeatureExtractor", "resample": 2, "size": 72},
    "facebook/deit-base-distilled-patch16-224": {"crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "DeiTFeatureExtractor", **IMAGENET, "resample": 3, "size": 256},
    "microsoft/beit-base-patch16-224": {"crop_size": 224, "do_center_crop": False, "do_normalize": True, "do_resize": True, "feature_extractor_type": "BeitFeatureExtractor", **HALF, "resample": 2, "size": 224},
    "facebook/levit-128S": {"do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "LevitFeatureExtractor", **IMAGENET, "resample": 3, "size": 224},
    "LeViT, exact": {"image_processor_type": "LevitImageProcessor", "size": {"height": 60, "width": 70}, "crop_size": {"height": 50, "width": 51}},
    "sail/poolformer_s12": {"crop_pct": 0.9, "do_normalize": True, "do_resize_and_center_crop": True, "feature_extractor_type": "PoolFormerFeatureExtractor", **IMAGENET, "resample": 3, "size": 224},
    "PoolFormer, oblong": {"image_processor_type": "PoolFormerImageProcessor", "crop_pct": 0.8, "size": {"height": 60, "width": 70}, "crop_size": 64},
    "google/bit-50": {"crop_size": {"height": 448, "width": 448}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_processor_type": "BitImageProcessor", **HALF, "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": 448, "width": 448}},
    "facebook/dinov2-small-imagenet1k-1-layer": {"crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_processor_type": "BitImageProcessor", **IMAGENET, "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}},
    "BiT, longest edge": {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 50, "longest_edge": 70}, "crop_size": 64},
    "openai/clip-vit-base-patch32": {"crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True, "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "size": 224},
    "google/siglip-base-patch16-224": {"do_normalize": True, "do_rescale": True, "do_resize": True, **HALF, "image_processor_type": "SiglipImageProcessor", "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"height": 224, "width": 224}},
    "google/efficientnet-b0": {"crop_size": {"height": 289, "width": 289}, "do_center_crop": False, "do_normalize": True, "do_rescale": True, "do_resize": True, **IMAGENET, "image_processor_type": "EfficientNetImageProcessor", "include_top": True, "resample": 0, "rescale_factor": 0.00392156862745098, "rescale_offset": False, "size": {"height": 224, "width": 224}},
    "EfficientNet, offset": {"image_processor_type": "EfficientNetImageProcessor", "rescale_offset": True, "rescale_factor": 0.00784313725490196, "include_top": False, "size": {"height": 40, "width": 40}, "do_center_crop": True, "crop_size": {"height": 37, "width": 45}},
}
MODULES = {"ViT": "vit", "Segformer": "segformer", "ConvNext": "convnext", "MobileNetV1": "mobilenet_v1", "MobileNetV2": "mobilenet_v2", "MobileViT": "mobilevit", "DeiT": "deit", "Beit": "beit", "Levit": "levit", "PoolFormer": "poolformer", "Bit": "bit", "CLIP": "clip", "Siglip": "siglip", "EfficientNet": "efficientnet"}


def picture(width: int, height: int) -> Image.Image:
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray((((x * 7 + y * 13 + c * 29) ^ (x * y * 3)) & 255).astype(np.uint8))


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def processor(config: dict):
    kind = (config.get("image_processor_type") or config["feature_extractor_type"])
    for suffix in ("ImageProcessorFast", "ImageProcessor", "FeatureExtractor"):
        kind = kind.removesuffix(suffix)
    module = importlib.import_module(f"transformers.models.{MODULES[kind]}.image_processing_pil_{MODULES[kind]}")
    return getattr(module, f"{kind}ImageProcessorPil")(**{k: v for k, v in config.items() if not k.endswith("_type")})


def main() -> None:
    resized = []
    for width, height in SIZES:
        image = picture(width, height)
        for to_width, to_height in TARGETS:
            target = [to_width or width, to_height or height]
            hashes = [sha256(np.asarray(image.resize(target, resample=r))) for r in range(6)]
            resized.append({"from": [width, height], "to": target, "sha256": hashes})
    processed = []
    for name, config in CONFIGS.items():
        results = []
        for width, height in SIZES:
            if max(width / height, height / width) > 100 and "shortest_edge" in str(config):
                continue
            values = processor(config)(picture(width, height), return_tensors="np", input_data_format="channels_last")["pixel_values"]
            values = np.asarray(values).astype(np.float32)
            results.append({"from": [width, height], "dims": list(values.shape), "sha256": sha256(values)})
        processed.append({"name": name, "config": config, "results": results})
    golden = {"pillow": PIL.__version__, "transformers": transformers.__version__, "resized": resized, "processed": processed}
    (pathlib.Path(__file__).parent / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
