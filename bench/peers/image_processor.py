import json

import numpy
import torch
from PIL import Image


def read_image_processor(folder):
    """What transformers 4 did with a picture, by PIL and numpy; 5 does not without torchvision."""
    with open(f"{folder}/preprocessor_config.json") as file:
        config = json.load(file)
    size = config["size"]
    size = (size, size) if isinstance(size, int) else (size["width"], size["height"])
    mean, std = (numpy.array(config[name], dtype=numpy.float32) for name in ("image_mean", "image_std"))

    def process(image):
        pixels = numpy.asarray(image.resize(size, Image.Resampling(config["resample"])), dtype=numpy.float32)
        return torch.from_numpy(((pixels * (1 / 255) - mean) / std).astype(numpy.float32).transpose(2, 0, 1)[None].copy())

    return process
