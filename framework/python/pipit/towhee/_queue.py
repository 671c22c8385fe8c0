"""Columns of a call, and the queue that a call gives."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any


class ColumnType(Enum):
    SCALAR = auto()
    QUEUE = auto()


class Empty:
    """Stands where a column has no value and another still has rows. There is one of it."""

    _one: Empty | None = None

    def __new__(cls) -> Empty:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "Empty()"

    def __reduce__(self) -> tuple[type[Empty], tuple[()]]:
        return Empty, ()


EMPTY = Empty()


class Column:
    """The values of one column: of a scalar the last one alone. A scalar that is None has no value."""

    __slots__ = ("kind", "values")

    def __init__(self, kind: ColumnType, values: Iterable[Any] = ()) -> None:
        self.kind = kind
        self.values: list[Any] = []
        for value in values:
            self.put(value)

    def put(self, value: Any) -> None:
        if value is EMPTY:
            return
        if self.kind is ColumnType.QUEUE:
            self.values.append(value)
        else:
            self.values = [] if value is None else [value]

    def extend(self, values: Iterable[Any]) -> None:
        """Of a queue."""
        self.values.extend(value for value in values if value is not EMPTY)

    def at(self, row: int) -> Any:
        if self.kind is ColumnType.SCALAR:
            return self.values[0] if self.values else EMPTY
        return self.values[row] if row < len(self.values) else EMPTY


def _copy(column: Column) -> Column:
    made = Column(column.kind)
    made.values = list(column.values)
    return made


def row_count(columns: Iterable[Column], *, longest: bool = True) -> int:
    """The rows of columns side by side: none while a scalar has no value."""
    columns = list(columns)
    lengths = [len(column.values) for column in columns if column.kind is ColumnType.QUEUE]
    if any(column.kind is ColumnType.SCALAR and not column.values for column in columns):
        return 0
    if not lengths:
        return 1 if columns else 0
    return max(lengths) if longest else min(lengths)


class DataQueue:
    """Rows of named columns, put in by one side and read by the other, in any threads."""

    def __init__(self, schema: Sequence[tuple[str, ColumnType]], max_size: int = 1000) -> None:
        self._names = [name for name, _ in schema]
        self._kinds = [kind for _, kind in schema]
        self._columns = [Column(kind) for kind in self._kinds]
        self._read = 0
        self._sealed = False
        self._changed = threading.Condition()
        self.max_size = max_size

    # ---- what it is

    @property
    def schema(self) -> list[str]:
        return list(self._names)

    @property
    def type_schema(self) -> list[ColumnType]:
        return list(self._kinds)

    @property
    def col_size(self) -> int:
        return len(self._names)

    def col_type(self, name: str) -> ColumnType:
        return self._kinds[self._names.index(name)]

    @property
    def sealed(self) -> bool:
        return self._sealed

    @property
    def size(self) -> int:
        """Rows that can be read."""
        with self._changed:
            return self._size()

    def _size(self) -> int:
        if not self._columns:
            return 0
        return max(0, row_count(self._columns, longest=self._sealed) - self._read)

    # ---- writing

    def put(self, values: Sequence[Any]) -> bool:
        assert len(values) == len(self._columns), f"{len(self._columns)} columns take {len(self._columns)} values, found {len(values)}"
        with self._changed:
            while not self._sealed and 0 < self.max_size <= self._size():
                self._changed.wait()
            if self._sealed:
                return False
            for column, value in zip(self._columns, values):
                column.put(value)
            self._changed.notify_all()
            return True

    def put_dict(self, values: Mapping[str, Any]) -> bool:
        return self.put([values.get(name, EMPTY) for name in self._names])

    def batch_put(self, columns: Sequence[Sequence[Any]]) -> bool:
        assert len(columns) == len(self._columns), f"{len(self._columns)} columns take as many lists, found {len(columns)}"
        with self._changed:
            while not self._sealed and 0 < self.max_size <= self._size():
                self._changed.wait()
            if self._sealed:
                return False
            for column, values in zip(self._columns, columns):
                for value in values if column.kind is ColumnType.QUEUE else values[:1]:
                    column.put(value)
            self._changed.notify_all()
            return True

    def batch_put_dict(self, columns: Mapping[str, Sequence[Any]]) -> bool:
        return self.batch_put([columns.get(name) or [] for name in self._names])

    def adopt(self, columns: Sequence[Column]) -> None:
        """Takes whole columns over, which nobody changes any more, and seals itself."""
        with self._changed:
            self._columns = [_copy(column) for column in columns]
            self._sealed = True
            self._changed.notify_all()

    def seal(self) -> None:
        with self._changed:
            self._sealed = True
            self._changed.notify_all()

    def clear_and_seal(self) -> None:
        with self._changed:
            self._columns = [Column(kind) for kind in self._kinds]
            self._read = 0
            self._sealed = True
            self._changed.notify_all()

    # ---- reading

    def get(self) -> list[Any] | None:
        with self._changed:
            while not self._sealed and self._size() == 0:
                self._changed.wait()
            if self._size() == 0:
                return None
            row = [column.at(self._read) for column in self._columns]
            self._read += 1
            self._forget()
            self._changed.notify_all()
            return row

    def _forget(self) -> None:
        """Rows that were read, now and then, so that a long stream stays small."""
        if self._read < 1024 or all(kind is ColumnType.SCALAR for kind in self._kinds):
            return
        for column in self._columns:
            if column.kind is ColumnType.QUEUE:
                del column.values[: self._read]
        self._read = 0

    def get_dict(self, cols: Sequence[str] | None = None) -> dict[str, Any] | None:
        row = self.get()
        if row is None:
            return None
        found = dict(zip(self._names, row))
        return found if cols is None else {name: found[name] for name in cols}

    def to_list(self, kv_format: bool = False) -> list[Any]:
        if not self._sealed:
            raise RuntimeError("the queue is not sealed: more rows may come")
        rows: list[Any] = []
        while (row := self.get()) is not None:
            rows.append(dict(zip(self._names, row)) if kv_format else row)
        return rows
