"""Where user code imports it from."""

from pipit.towhee.types._arrays import VideoFrame

__all__ = ["VideoFrame"]
