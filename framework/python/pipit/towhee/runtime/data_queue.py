"""Where user code imports it from."""

from pipit.towhee._queue import ColumnType, DataQueue, Empty

__all__ = ["ColumnType", "DataQueue", "Empty"]
