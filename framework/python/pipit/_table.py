"""Results as tables of Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from pipit._result import Result


def to_table(results: Iterable[Result], columns: Mapping[str, Sequence[Any]] | None = None) -> Any:
    """A ``pyarrow.Table`` of results, a row each: ``columns``, the outputs, and ``error_node``, ``error_code`` and ``error_message``, which are
    null for an item that succeeded. An output takes the place of a column of its name, but where its item failed.

    Vectors of one length become fixed-size lists over their numbers; of a failed item they are null. Frames are left to
    the caller: a table has no column for them.
    """
    pa = _pyarrow()
    rows = list(results)
    names = list(dict.fromkeys(name for row in rows for name in row))
    given = columns or {}
    made: dict[str, Any] = {}
    for name in dict.fromkeys([*given, *names]):
        before = given.get(name, [None] * len(rows))
        made[name] = _array([row[name] if name in row else value for row, value in zip(rows, before)], name)
    for part in ("node", "code", "message"):
        told = [getattr(row.error, part) if row.error is not None else None for row in rows]
        made[f"error_{part}"] = pa.array(told, pa.string())
    return pa.table(made)


def _pyarrow() -> Any:
    """Imported when a table is made. It has no types."""
    return import_module("pyarrow")


def _array(values: list[Any], name: str) -> Any:
    pa = _pyarrow()
    vectors = [value for value in values if value is not None]
    if vectors and all(_is_like(value, vectors[0]) for value in vectors):
        size = len(vectors[0])
        blank = np.zeros(size, vectors[0].dtype)
        flat = np.concatenate([blank if value is None else value for value in values])
        missing = pa.array([value is None for value in values])
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), size, mask=missing)
    try:
        return pa.array([_plain(value) for value in values])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeError(f"column '{name}' has values that no table has: {error}") from None


def _is_like(value: Any, first: Any) -> bool:
    arrays = isinstance(value, np.ndarray) and isinstance(first, np.ndarray)
    return arrays and value.ndim == 1 and len(value) > 0 and value.shape == first.shape and value.dtype == first.dtype


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
