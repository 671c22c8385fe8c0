"""What each kind of node does with the rows that it sees.

Towhee's rules are kept here, and only here: columns are independent lists that are aligned by position, shorter ones are filled up with
Empty(), and a scalar stands in every row. The native runtime is strict and knows none of this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from types import GeneratorType
from typing import Any

from pipit.towhee._graph import Node
from pipit.towhee._queue import EMPTY, Column, ColumnType, row_count

Table = dict[str, Column]
Function = Callable[..., Any]


def run(node: Node, before: Sequence[Table], fn: Function | None) -> Table:
    """The columns behind a node, from those behind the nodes before it."""
    if node.kind == "concat":
        return _concat(node, before)
    table = before[0]
    out = {name: Column(node.types[name]) for name in node.outputs}
    seen = [table[name] for name in node.seen if name in table]
    rows = row_count(seen) if seen else 1
    if node.kind != "output":
        assert fn is not None
        _KINDS[node.kind](node, table, rows, fn, out)
    passing = {name: table[name] for name in node.seen if name in table}
    return {**passing, **out}


def _concat(node: Node, before: Sequence[Table]) -> Table:
    out: Table = {}
    for table in before:
        out.update({name: column for name, column in table.items() if name in node.seen})
    return out


def _expanded(column: Column, rows: int) -> Iterable[Any]:
    if column.kind is ColumnType.SCALAR:
        return repeat(column.values[0] if column.values else EMPTY, rows)
    missing = rows - len(column.values)
    return [*column.values, *repeat(EMPTY, missing)] if missing > 0 else column.values


def _rows(table: Table, names: Sequence[str], rows: int) -> Iterator[tuple[Any, ...]]:
    if not names:
        return repeat((), rows)
    return zip(*(_expanded(table[name], rows) for name in names))


def _full(table: Table, names: Sequence[str], rows: int) -> Iterator[tuple[Any, ...]]:
    """The rows in which every value is there."""
    complete = all(
        len(table[name].values) >= rows for name in names if table[name].kind is ColumnType.QUEUE
    )
    found = _rows(table, names, rows)
    return found if complete else (row for row in found if not any(value is EMPTY for value in row))


def _list_if_generator(result: Any, columns: int) -> Any:
    """A generator as a list; for several columns as so many lists."""
    if not isinstance(result, GeneratorType):
        return result
    items = list(result)
    return items if columns < 2 else [[item[i] for item in items] for i in range(columns)]


def _write(node: Node, result: Any, out: Table) -> None:
    """A result into no column, into one, or by index into several."""
    names = node.outputs
    if len(names) == 1:
        out[names[0]].put(result)
        return
    for i, name in enumerate(names):
        out[name].put(result[i])


def _map(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    if len(node.outputs) == 1:
        put = out[node.outputs[0]].put
        for values in _full(table, node.inputs, rows):
            result = fn(*values)
            put(list(result) if isinstance(result, GeneratorType) else result)
        return
    for values in _full(table, node.inputs, rows):
        _write(node, _list_if_generator(fn(*values), len(node.outputs)), out)


def _flat_map(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    columns = [out[name] for name in node.outputs]
    for values in _full(table, node.inputs, rows):
        if len(columns) == 1:
            columns[0].extend(fn(*values))
            continue
        for item in fn(*values):
            for i, column in enumerate(columns):
                column.put(item[i])


def _filter(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    values = _rows(table, node.inputs, rows)
    for kept, asked in zip(values, _rows(table, node.filter_columns, rows)):
        if not any(value is EMPTY for value in asked) and fn(*asked):
            for name, value in zip(node.outputs, kept):
                out[name].put(value)


def _lists(node: Node, rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [[row[i] for row in rows if row[i] is not EMPTY] for i in range(len(node.inputs))]


def _counted(node: Node, table: Table, rows: int) -> list[tuple[Any, ...]]:
    """The rows that have a value at all."""
    return [row for row in _rows(table, node.inputs, rows) if not row or any(value is not EMPTY for value in row)]


def _window(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    counted = _counted(node, table, rows)
    for start in range(0, len(counted), node.step):
        _write(node, fn(*_lists(node, counted[start : start + node.size])), out)


def _time_window(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    for window in _timed(node, table, rows):
        _write(node, fn(*_lists(node, window)), out)


def _timed(node: Node, table: Table, rows: int) -> Iterator[list[tuple[Any, ...]]]:
    """Windows of time that have rows. After a pause they go on with the last that begins before the next row."""
    size, step = node.size * 1000, node.step * 1000
    index = 0
    held: list[tuple[float, tuple[Any, ...]]] = []
    for row in _rows(table, (node.timestamp, *node.inputs), rows):
        time, values = row[0], row[1:]
        if time is EMPTY:
            continue
        while held and time >= index * step + size:
            yield [values_ for time_, values_ in held if time_ < index * step + size]
            index += 1
            held = [each for each in held if each[0] >= index * step]
        if not held and time >= index * step + size:
            index = math.floor(time / step)
        if index * step <= time < index * step + size:
            held.append((time, values))
    while held:
        yield [values_ for time_, values_ in held if time_ < index * step + size]
        index += 1
        held = [each for each in held if each[0] >= index * step]


def _window_all(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    lists = _lists(node, list(_rows(table, node.inputs, rows)))
    if any(lists):
        _write(node, fn(*lists), out)


def _reduce(node: Node, table: Table, rows: int, fn: Function, out: Table) -> None:
    lists = _lists(node, list(_rows(table, node.inputs, rows)))
    _write(node, fn(*((value for value in each) for each in lists)), out)


_KINDS: dict[str, Callable[[Node, Table, int, Function, Table], None]] = {
    "map": _map,
    "flat_map": _flat_map,
    "filter": _filter,
    "window": _window,
    "time_window": _time_window,
    "window_all": _window_all,
    "reduce": _reduce,
}
