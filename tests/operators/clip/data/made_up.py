"""Numbers that this generator and the tests (made_up.h) both compute, to the bit, so that no weights need to be committed."""

import math
import zlib

import numpy


def noise(name, size):
    """uint32 numbers: a function of the name and the position (MurmurHash3's finalizer)."""
    x = numpy.arange(size, dtype=numpy.uint32) * numpy.uint32(2654435761) + numpy.uint32(zlib.crc32(name.encode()))
    x ^= x >> numpy.uint32(16)
    x *= numpy.uint32(0x85EBCA6B)
    x ^= x >> numpy.uint32(13)
    x *= numpy.uint32(0xC2B2AE35)
    x ^= x >> numpy.uint32(16)
    return x


def weights(name, shape):
    """float32 between -1 and 1, scaled so that activations keep their size through the layers."""
    u = (noise(name, math.prod(shape)) >> numpy.uint32(8)).astype(numpy.float32) * numpy.float32(2.0**-23) - numpy.float32(1)
    is_norm = "ln_" in name or "norm" in name
    if len(shape) < 2 and is_norm and name.endswith("weight"):
        u = u * numpy.float32(0.25) + numpy.float32(1)
    elif len(shape) < 2 or "embedding" in name:
        u = u * numpy.float32(0.5)
    else:
        u = u * numpy.float32(math.sqrt(6 / (math.prod(shape) // shape[0])))
    return u.reshape(shape)


def pictures(name, frames, resolution):
    """uint8 RGB [frames, resolution, resolution, 3]."""
    return (noise(name, frames * resolution * resolution * 3) >> numpy.uint32(24)).astype(numpy.uint8).reshape(frames, resolution, resolution, 3)
