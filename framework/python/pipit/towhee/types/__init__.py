"""Arrays that know what they are of."""

from pipit.towhee.types._arrays import AudioFrame, Image, VideoFrame

__all__ = ["AudioFrame", "Image", "VideoFrame"]
