"""Items of a source, parsed and in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any


class DataLoader:
    """Iterates a source: an iterable, or a function without arguments that gives one."""

    def __init__(
        self,
        data_source: Iterable[Any] | Callable[[], Iterable[Any]],
        parser: Callable[[Any], Any] | None = None,
        batch_size: int | None = None,
    ) -> None:
        self._source = data_source
        self._parser = parser
        self._batch_size = batch_size

    def __iter__(self) -> Iterator[Any]:
        items = self._items()
        if self._batch_size is None:
            yield from items
            return
        while batch := list(islice(items, self._batch_size)):
            yield batch

    def _items(self) -> Iterator[Any]:
        source = self._source
        if not isinstance(source, Iterable):
            if not callable(source):
                raise RuntimeError(f"a data source is an iterable or a function, found a {type(source).__name__}")
            source = source()
        for item in source:
            yield item if self._parser is None else self._parser(item)
