"""Frames of many sizes and what Pillow makes of them."""

import made_up
import numpy
from PIL import Image

RESOLUTION = 56
SIZES = [(56, 56), (57, 56), (56, 57), (100, 56), (64, 48), (48, 64), (128, 72), (72, 128), (161, 90), (90, 161), (33, 20), (20, 33), (7, 5), (1, 3), (113, 112), (112, 115), (131, 56), (56, 133), (640, 272), (176, 144), (301, 57), (224, 224)]  # fmt: skip


def frame(width, height):
    """uint8 RGB [height, width, 3]: smooth, with noise and edges."""
    y, x = numpy.mgrid[0:height, 0:width]
    smooth = (x * 5 + y * 3) % 256
    noise = made_up.noise(f"frame {width} {height}", width * height * 3).reshape(height, width, 3) >> numpy.uint32(24)
    edges = ((x // 8 + y // 8) % 2 * 255)
    return numpy.stack([smooth, noise[..., 1], edges], -1).astype(numpy.uint8)


def crop(pixels):
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize

    image = Image.fromarray(pixels)
    return numpy.asarray(CenterCrop(RESOLUTION)(Resize(RESOLUTION, interpolation=InterpolationMode.BICUBIC)(image)))


def generate(out):
    """pictures.bin: the crops, uint8 RGB [56, 56, 3] each, in the order of SIZES (the test has the same list)."""
    with open(out / "pictures.bin", "wb") as file:
        for width, height in SIZES:
            file.write(crop(frame(width, height)).tobytes())
