"""What comes out of a pipeline for one item."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pipit._errors import ItemError
from pipit._frame import Frame, contact_sheet


class Result(Mapping[str, Any]):
    """The outputs of one item by name, or its error.

    ``result["vec"]`` is an output; of an item that failed it raises the error. A column of many rows is a list. Arrays lie
    over the runtime's memory and are read-only: ``array.copy()`` where they are to be changed.
    """

    __slots__ = ("item", "error", "_outputs")

    def __init__(self, item: int, error: ItemError | None, outputs: dict[str, Any]) -> None:
        self.item = item
        self.error = error
        self._outputs = outputs

    def __getitem__(self, name: str) -> Any:
        if self.error is not None:
            raise self.error
        try:
            return self._outputs[name]
        except KeyError:
            known = ", ".join(f"'{output}'" for output in self._outputs) or "none"
            raise KeyError(f"no output '{name}'; the item has {known}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._outputs

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)

    def __bool__(self) -> bool:
        """False when the item failed."""
        return self.error is None

    def __repr__(self) -> str:
        if self.error is not None:
            return f"Result({self.item}, error={self.error.message!r})"
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self._outputs.items())
        return f"Result({self.item}, {shown})"

    def _repr_html_(self) -> str:
        if self.error is not None:
            return f"<b>{html.escape(str(self.error))}</b>"
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{_cell(value)}</td></tr>" for name, value in self._outputs.items()
        )
        return f"<table>{rows}</table>"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array({value.dtype}, {value.shape})"
    if isinstance(value, list):
        return f"[{len(value)} rows]"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _cell(value: Any) -> str:
    if isinstance(value, Frame):
        return value._repr_html_()
    if isinstance(value, list) and value and all(isinstance(each, Frame) for each in value):
        return contact_sheet(value)
    return html.escape(_short(value))
