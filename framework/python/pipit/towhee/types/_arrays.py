"""Arrays of NumPy with attributes. Views and slices keep them; a view of a plain array has the defaults."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np


class _Array(np.ndarray[Any, Any]):
    _defaults: ClassVar[dict[str, Any]] = {}

    def __array_finalize__(self, source: Any) -> None:
        for name, default in self._defaults.items():
            self.__dict__[name] = getattr(source, name, default)

    def __reduce__(self) -> Any:
        whole: Any = super().__reduce__()
        rebuild, arguments, state = whole
        return rebuild, arguments, (state, {name: self.__dict__[name] for name in self._defaults})

    def __setstate__(self, state: Any) -> None:
        array, attributes = state
        super().__setstate__(array)
        self.__dict__.update(attributes)


class Image(_Array):
    _defaults: ClassVar[dict[str, Any]] = {"mode": None}
    mode: str | None

    def __new__(cls, data: Any, mode: str | None = None) -> Image:
        made = np.asarray(data).view(cls)
        made.mode = mode
        return made

    @property
    def height(self) -> int:
        return int(self.shape[0])

    @property
    def width(self) -> int:
        return int(self.shape[1])

    @property
    def channel(self) -> int:
        return int(self.shape[2]) if self.ndim > 2 else 1


class VideoFrame(_Array):
    """``timestamp`` is in milliseconds."""

    _defaults: ClassVar[dict[str, Any]] = {"mode": None, "timestamp": None, "key_frame": 0}
    mode: str | None
    timestamp: float | None
    key_frame: int

    def __new__(
        cls, data: Any, mode: str | None = None, timestamp: float | None = None, key_frame: int = 0
    ) -> VideoFrame:
        made = np.asarray(data).view(cls)
        made.mode, made.timestamp, made.key_frame = mode, timestamp, key_frame
        return made


class AudioFrame(_Array):
    _defaults: ClassVar[dict[str, Any]] = {"sample_rate": None, "timestamp": None, "layout": None}
    sample_rate: int | None
    timestamp: float | None
    layout: str | None

    def __new__(
        cls, data: Any, sample_rate: int | None = None, timestamp: float | None = None, layout: str | None = None
    ) -> AudioFrame:
        made = np.asarray(data).view(cls)
        made.sample_rate, made.timestamp, made.layout = sample_rate, timestamp, layout
        return made
