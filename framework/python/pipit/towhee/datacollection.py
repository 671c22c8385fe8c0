"""Results as a table."""

from __future__ import annotations

import copy as _copying
import html
from collections.abc import Iterator
from typing import Any

from pipit.towhee._queue import ColumnType, DataQueue


class Entity:
    """One row: its values are attributes and items."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Entity:
        return cls(**values)

    def combine(self, *entities: Entity) -> None:
        for each in entities:
            self.__dict__.update(each.__dict__)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the row has no '{name}'; it has {list(self.__dict__)}")

    def __repr__(self) -> str:
        return f"<Entity dict_keys({list(self.__dict__)})>"

    def __str__(self) -> str:
        return str(self.__dict__)


class DataCollection:
    """The rows of a queue, which is read empty."""

    def __init__(self, data: DataQueue | dict[str, Any]) -> None:
        if isinstance(data, DataQueue):
            self._names, self._kinds = data.schema, data.type_schema
            self._rows = [Entity(**row) for row in data.to_list(kv_format=True)]
        else:
            self._names = list(data["schema"])
            self._kinds = [ColumnType[kind] for kind in data["type_schema"]]
            self._rows = [Entity(**dict(zip(self._names, row))) for row in data["iterable"]]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._rows)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._with(self._rows[index])
        return self._rows[index]

    def __setitem__(self, index: int, value: Entity) -> None:
        self._rows[index] = value

    def __add__(self, other: DataCollection) -> DataCollection:
        if self._names != other._names:
            raise ValueError(f"the collections have other columns: {self._names} and {other._names}")
        return self._with(self._rows + other._rows)

    def _with(self, rows: list[Entity]) -> DataCollection:
        made = DataCollection({"schema": self._names, "type_schema": [kind.name for kind in self._kinds], "iterable": []})
        made._rows = rows
        return made

    def to_list(self) -> list[Entity]:
        return list(self._rows)

    def copy(self, deep: bool = False) -> DataCollection:
        return self._with(_copying.deepcopy(self._rows) if deep else list(self._rows))

    def to_dict(self) -> dict[str, Any]:
        rows = [[row[name] for name in self._names] for row in self._rows]
        return {"schema": self._names, "type_schema": [kind.name for kind in self._kinds], "iterable": rows}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DataCollection:
        return cls(data)

    def show(self, limit: int = 5, tablefmt: str | None = None) -> None:
        """Prints the first rows as a table; all of them with a limit below 0. ``tablefmt="html"`` gives HTML."""
        rows = self._rows if limit < 0 else self._rows[:limit]
        cells = [[_short(row[name]) for name in self._names] for row in rows]
        print(self._html(cells) if tablefmt == "html" else _grid(self._names, cells))

    def _html(self, cells: list[list[str]]) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self._names)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
        return f"<table><tr>{head}</tr>{body}</table>"

    def _repr_html_(self) -> str:
        return self._html([[_short(row[name]) for name in self._names] for row in self._rows[:5]])

    def __repr__(self) -> str:
        columns = ", ".join(f"{name}: {kind}" for name, kind in zip(self._names, self._kinds))
        return f"<DataCollection Schema[{columns}] SIZE {len(self)}>"


def _short(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} shape={tuple(value.shape)} dtype={value.dtype}"
    text = str(value)
    return text if len(text) <= 64 else text[:61] + "..."


def _grid(names: list[str], cells: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [names, *cells]) for i in range(len(names))]
    line = "+".join("-" * (width + 2) for width in widths)
    line = f"+{line}+"

    def shown(row: list[str]) -> str:
        return "|" + "|".join(f" {cell:<{width}} " for cell, width in zip(row, widths)) + "|"

    return "\n".join([line, shown(names), line.replace("-", "="), *(each for row in cells for each in (shown(row), line))])
