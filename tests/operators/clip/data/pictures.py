"""Frames of many sizes and what Pillow makes of them: Pillow before 13, which resizes rows first whatever the size."""

import zlib

import made_up
import numpy
from PIL import Image

RESOLUTION = 224
SIZES = [  # of many aspect ratios, smaller and larger than what they become; odd and even numbers of pixels to crop
    (56, 56), (57, 56), (56, 57), (100, 56), (64, 48), (48, 64), (128, 72), (72, 128), (161, 90), (90, 161),
    (33, 20), (20, 33), (7, 5), (1, 3), (113, 112), (112, 115), (131, 56), (56, 133), (640, 272), (176, 144),
    (301, 57), (224, 224), (1, 1), (2, 1), (1, 40), (40, 1), (3, 2), (16, 9), (9, 16), (28, 28),
    (55, 56), (112, 112), (224, 225), (225, 224), (226, 225), (336, 336), (525, 225), (225, 525), (227, 224), (224, 229),
    (320, 240), (240, 320), (427, 240), (720, 480), (480, 854), (999, 7), (7, 700), (500, 375), (375, 500), (1280, 720),
]  # fmt: skip


def frame(width, height):
    """uint8 RGB [height, width, 3]: smooth, with noise and edges."""
    y, x = numpy.mgrid[0:height, 0:width]
    smooth = (x * 5 + y * 3) % 256
    noise = made_up.noise(f"frame {width} {height}", width * height * 3).reshape(height, width, 3) >> numpy.uint32(24)
    edges = ((x // 8 + y // 8) % 2 * 255)
    return numpy.stack([smooth, noise[..., 1], edges], -1).astype(numpy.uint8)


def crops(pixels):
    """torchvision's centre crop and Hugging Face's, of Pillow's resize."""
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize

    resized = Resize(RESOLUTION, interpolation=InterpolationMode.BICUBIC)(Image.fromarray(pixels))
    left, top = (resized.width - RESOLUTION) // 2, (resized.height - RESOLUTION) // 2
    return CenterCrop(RESOLUTION)(resized), resized.crop((left, top, left + RESOLUTION, top + RESOLUTION))


def generate(out):
    """pictures.txt: a line a size: width, height, and the CRC-32 of each crop's pixels, uint8 RGB [224, 224, 3]."""
    with open(out / "pictures.txt", "w") as file:
        for width, height in SIZES:
            sums = [zlib.crc32(numpy.asarray(crop).tobytes()) for crop in crops(frame(width, height))]
            print(width, height, *sums, file=file)
