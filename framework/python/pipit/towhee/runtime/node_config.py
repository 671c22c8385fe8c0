"""Where user code imports it from."""

from pipit.towhee._config import TowheeConfig

__all__ = ["TowheeConfig"]
