"""Where user code imports it from."""

from pipit.towhee.types._arrays import Image

__all__ = ["Image"]
