"""Makes odd.json beside this file: what Pillow decodes of each picture in test/fixtures/images/odd.

    python make_odd_golden.py      (pillow)

The pictures are the smallest of some thousands of generated ones, one for each odd case of each format.
"""
import hashlib
import json
import pathlib

import PIL
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
PICTURES = HERE.parent.parent / "fixtures" / "images" / "odd"


def main() -> None:
    cases = []
    for path in sorted(PICTURES.iterdir()):
        with Image.open(path) as image:
            rgb = ImageOps.exif_transpose(image).convert("RGB")
        cases.append({"image": path.name, "width": rgb.width, "height": rgb.height, "rgbSha256": hashlib.sha256(rgb.tobytes()).hexdigest()})
    (HERE / "odd.json").write_text(json.dumps({"pillow": PIL.__version__, "cases": cases}, indent=1) + "\n")


main()
