"""A video frame, or any picture, as pipelines have it."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Frame:
    """Pixels, uint8 (height, width, 3) in RGB, and what is known of them. ``np.asarray(frame)`` gives the pixels."""

    __slots__ = ("pixels", "index", "timestamp_ms", "key_frame", "rate")

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        index: int = 0,
        timestamp_ms: float = 0.0,
        key_frame: bool = False,
        rate: float = 0.0,
    ) -> None:
        self.pixels = pixels
        self.index = index
        self.timestamp_ms = timestamp_ms
        self.key_frame = key_frame
        self.rate = rate

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy:
            return np.array(self.pixels, dtype=dtype)
        return np.asarray(self.pixels, dtype=dtype)

    def to_image(self) -> Any:
        """The picture as a PIL image."""
        from PIL import Image

        return Image.fromarray(np.asarray(self.pixels))

    def _repr_html_(self) -> str:
        return f'<img src="data:image/png;base64,{_png(self)}" title="{self!r}">'

    def __repr__(self) -> str:
        return f"Frame({self.width}x{self.height}, index={self.index}, timestamp_ms={self.timestamp_ms:g})"


def _png(frame: Frame, width: int = 160) -> str:
    """A small PNG in base64. For notebooks, which have PIL."""
    image = frame.to_image()
    image.thumbnail((width, width))
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")


def contact_sheet(frames: list[Frame], most: int = 12) -> str:
    """HTML of the first frames of a list, side by side."""
    shown = "".join(frame._repr_html_() for frame in frames[:most])
    left = len(frames) - most
    return shown + (f" and {left} more" if left > 0 else "")
