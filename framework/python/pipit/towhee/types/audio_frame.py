"""Where user code imports it from."""

from pipit.towhee.types._arrays import AudioFrame

__all__ = ["AudioFrame"]
