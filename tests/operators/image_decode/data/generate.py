"""Makes the images of this folder and expected.json, expected.bin: their pixels as Pillow gives them.

Packages: pillow==13.0.0, numpy. The tests need no Python: they read what is committed here.

    python3 generate.py
"""

import hashlib
import json
import pathlib

import numpy
import PIL
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).resolve().parent
ORIENTATION = 0x0112


def picture(width, height):
    """Smooth, with noise and edges, so that every step of a decoder shows."""
    random = numpy.random.default_rng(width * 1000 + height)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [128 + 100 * numpy.sin(x / 9) * numpy.cos(y / 13), (x * 3 + y * 2) % 256, 255 * ((x // 12 + y // 12) % 2)]
    pixels = numpy.stack(planes, -1) + random.normal(0, 6, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def with_alpha(image):
    image = image.copy()
    image.putalpha(image.convert("L"))
    return image


def turned(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def images():
    odd = picture(37, 23)
    yield "rgb.png", odd, {}
    yield "grey.png", odd.convert("L"), {}
    yield "palette.png", odd.quantize(64), {}
    yield "palette_alpha.png", with_alpha(odd).quantize(32, method=Image.Quantize.FASTOCTREE), {}
    yield "alpha.png", with_alpha(odd), {}
    yield "grey_alpha.png", with_alpha(odd).convert("LA"), {}
    yield "one_bit.png", odd.convert("1"), {}
    yield "lossless.webp", odd, {"lossless": True}
    yield "lossless_alpha.webp", with_alpha(odd), {"lossless": True}
    yield "rgb.bmp", odd, {}
    yield "alpha.bmp", with_alpha(odd), {}
    yield "grey.bmp", odd.convert("L"), {}
    yield "palette.bmp", odd.quantize(64), {}
    yield "one_bit.bmp", odd.convert("1"), {}
    for name, subsampling in [("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0")]:
        yield f"{name}.jpg", odd, {"quality": 90, "subsampling": subsampling}
    yield "even.jpg", picture(48, 32), {"quality": 75}
    yield "grey.jpg", odd.convert("L"), {}
    yield "progressive.jpg", odd, {"progressive": True}
    yield "cmyk.jpg", odd.convert("CMYK"), {}
    yield "tiny.jpg", picture(3, 3), {}
    yield "one_pixel.jpg", picture(1, 1), {}
    yield "lossy.webp", odd, {"quality": 85}
    yield "lossy_alpha.webp", with_alpha(odd), {"quality": 85}
    small = picture(16, 8)
    for orientation in range(1, 9):
        yield f"turned_{orientation}.png", small, {"exif": turned(orientation)}
    for ending in ("jpg", "webp"):
        yield f"turned_6.{ending}", small, {"exif": turned(6)}


def is_exact(name):
    return name.endswith(("png", "bmp")) or "lossless" in name


def main():
    expected = {}
    with open(HERE / "expected.bin", "wb") as near:
        for name, image, options in images():
            image.save(HERE / name, **options)
            shown = ImageOps.exif_transpose(Image.open(HERE / name)).convert("RGB")
            facts = expected[name] = {"width": shown.width, "height": shown.height}
            if is_exact(name):
                facts["md5"] = hashlib.md5(shown.tobytes()).hexdigest()
            else:
                facts["at"] = near.tell()
                near.write(shown.tobytes())
    text = json.dumps({"pillow": PIL.__version__, "images": expected}).replace('}, "', '},\n"')
    (HERE / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
