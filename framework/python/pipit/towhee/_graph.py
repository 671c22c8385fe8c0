"""Unfinished pipelines: chains of nodes, checked when they are finished."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipit.towhee._config import NodeConfig
from pipit.towhee._queue import ColumnType
from pipit.towhee._registry import OpsNode

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")


@dataclass(eq=False)
class Node:
    kind: str  # input, map, flat_map, filter, window, time_window, window_all, reduce, concat or output
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    fn: Any = None
    before: tuple[Node, ...] = ()
    config: Any = None
    filter_columns: tuple[str, ...] = ()
    size: Any = None
    step: Any = None
    timestamp: str = ""
    name: str = ""
    device: Any = None
    types: dict[str, ColumnType] = field(default_factory=dict)  # of what is there behind it
    seen: frozenset[str] = frozenset()  # columns that it uses or passes on

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that must have been declared before."""
        extra = (self.timestamp,) if self.timestamp else ()
        return (*self.inputs, *self.filter_columns, *extra)


def schema_of(schema: Any, what: str) -> tuple[str, ...]:
    names = (schema,) if isinstance(schema, str) else schema
    if not isinstance(names, (tuple, list)):
        raise ValueError(f"{what}: a schema is a name or a tuple of names, found {schema!r}")
    for name in names:
        if not isinstance(name, str) or not _NAME.match(name):
            raise ValueError(f"{what}: {name!r} is not a column's name; one has letters, digits and '_', and begins with no digit")
    return tuple(names)


class Pipe:
    """``pipe``: a pipeline under construction. Each method returns a new one and leaves this one usable."""

    def __init__(self, last: Node) -> None:
        self._last = last

    @classmethod
    def input(cls, *schema: str) -> Pipe:
        return cls(Node("input", outputs=schema_of(tuple(schema), "input")))

    @property
    def dag(self) -> dict[str, dict[str, Any]]:
        return {
            "_input" if node.kind == "input" else f"{node.kind}-{i}": {"inputs": node.inputs, "outputs": node.outputs}
            for i, node in enumerate(in_order(self._last))
        }

    def map(self, input_schema: Any, output_schema: Any, fn: Any, config: Any = None) -> Pipe:
        return self._node("map", input_schema, output_schema, fn, config)

    def flat_map(self, input_schema: Any, output_schema: Any, fn: Any, config: Any = None) -> Pipe:
        return self._node("flat_map", input_schema, output_schema, fn, config)

    def filter(self, input_schema: Any, output_schema: Any, filter_columns: Any, fn: Any, config: Any = None) -> Pipe:
        columns = schema_of(filter_columns, "filter")
        return self._node("filter", input_schema, output_schema, fn, config, filter_columns=columns)

    def window(
        self, input_schema: Any, output_schema: Any, size: int, step: int, fn: Any, config: Any = None
    ) -> Pipe:
        return self._node("window", input_schema, output_schema, fn, config, size=size, step=step)

    def time_window(
        self,
        input_schema: Any,
        output_schema: Any,
        timestamp_col: str,
        size: int,
        step: int,
        fn: Any,
        config: Any = None,
    ) -> Pipe:
        times = schema_of(timestamp_col, "time_window")
        if len(times) != 1:
            raise ValueError(f"time_window: timestamp_col is one name, found {timestamp_col!r}")
        return self._node(
            "time_window", input_schema, output_schema, fn, config, timestamp=times[0], size=size, step=step
        )

    def window_all(self, input_schema: Any, output_schema: Any, fn: Any, config: Any = None) -> Pipe:
        return self._node("window_all", input_schema, output_schema, fn, config)

    def reduce(self, input_schema: Any, output_schema: Any, fn: Any, config: Any = None) -> Pipe:
        from pipit.towhee._runtime import RuntimePipeline

        if isinstance(fn, RuntimePipeline):
            raise RuntimeError("reduce: a finished pipeline cannot stand here, which takes a stream of rows")
        return self._node("reduce", input_schema, output_schema, fn, config)

    def concat(self, *pipes: Pipe) -> Pipe:
        if not pipes:
            raise ValueError("concat: which pipelines? It takes one or more")
        for each in pipes:
            if not isinstance(each, Pipe):
                raise ValueError(f"concat: {each!r} is not an unfinished pipeline")
        return Pipe(Node("concat", before=(self._last, *(each._last for each in pipes))))

    def output(self, *schema: str) -> Any:
        from pipit.towhee._runtime import RuntimePipeline

        names = schema_of(tuple(schema), "output")
        return RuntimePipeline(Node("output", inputs=names, before=(self._last,)))

    def _node(self, kind: str, inputs: Any, outputs: Any, fn: Any, config: Any, **extra: Any) -> Pipe:
        from pipit.towhee._inline import inlined
        from pipit.towhee._runtime import RuntimePipeline

        takes, gives = schema_of(inputs, kind), schema_of(outputs, kind)
        if not callable(fn):
            raise ValueError(
                f"{kind}: {fn!r} cannot be called; a function, a class, an object with __call__, ops.…(…) or a finished pipeline can "
                "stand here"
            )
        node = Node(kind, takes, gives, fn, (self._last,), config, **extra)
        return Pipe(inlined(node) if isinstance(fn, RuntimePipeline) else node)


def in_order(last: Node) -> list[Node]:
    """All nodes that a node stands on, and itself, each after those before it."""
    order: list[Node] = []
    done: set[int] = set()
    stack: list[tuple[Node, bool]] = [(last, False)]
    while stack:
        node, visited = stack.pop()
        if id(node) in done:
            continue
        if visited:
            done.add(id(node))
            order.append(node)
            continue
        stack.append((node, True))
        stack.extend((each, False) for each in reversed(node.before))
    return order


def checked(last: Node) -> list[Node]:
    """The nodes in order, with names, kinds of columns and what each one sees. Raises ValueError for what is wrong."""
    nodes = in_order(last)
    inputs = [node for node in nodes if node.kind == "input"]
    if len(inputs) > 1:
        raise ValueError(
            f"concat: not declared: its pipelines begin with other inputs, {sorted(inputs[0].outputs)} and {sorted(inputs[1].outputs)}"
        )
    for index, node in enumerate(nodes):
        config = NodeConfig(node.config)
        node.device = config
        node.name = config.name or _name_of(node, index - 1)
        _check(node)
        node.types = _types_behind(node)
    _find_seen(nodes)
    return nodes


def _name_of(node: Node, index: int) -> str:
    if node.kind in ("input", "output"):
        return "_" + node.kind
    if node.kind == "concat":
        return f"concat-{index}"
    if isinstance(node.fn, OpsNode):
        return f"{node.fn.name}-{index}"
    own = getattr(node.fn, "__name__", None) if not isinstance(node.fn, type) else "type"
    base = "lambda" if own == "<lambda>" else own or type(node.fn).__name__
    return f"{base}-{index}"


def _check(node: Node) -> None:
    if node.kind in ("window", "time_window"):
        for what, value in (("size", node.size), ("step", node.step)):
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise ValueError(f"node '{node.name}': {what} is a whole number above 0, found {value!r}")
    if node.kind == "filter" and len(node.inputs) != len(node.outputs):
        raise ValueError(
            f"node '{node.name}': the lengths of its schemas differ, {len(node.inputs)} columns in and {len(node.outputs)} out"
        )
    if node.kind == "flat_map" and not node.outputs:
        raise ValueError(f"node '{node.name}': a flat_map has at least one output column")
    declared = set[str]().union(*(each.types for each in node.before))
    missing = [name for name in node.needs if name not in declared]
    if missing:
        raise ValueError(f"node '{node.name}': {set(missing)} not declared; there are {declared or '{}'}")


def _types_behind(node: Node) -> dict[str, ColumnType]:
    if node.kind == "input":
        return dict.fromkeys(node.outputs, ColumnType.SCALAR)
    types: dict[str, ColumnType] = {}
    for each in node.before:
        types.update(each.types)
    for name in node.outputs:
        types[name] = _type_of_output(node, types.get(name), [types[each] for each in node.inputs])
    return types


def _type_of_output(node: Node, existing: ColumnType | None, inputs: Sequence[ColumnType]) -> ColumnType:
    if node.kind in ("flat_map", "window", "time_window"):
        return ColumnType.QUEUE
    if node.kind in ("window_all", "reduce"):
        return ColumnType.SCALAR
    is_queue = ColumnType.QUEUE in inputs or existing is ColumnType.QUEUE
    return ColumnType.QUEUE if is_queue else ColumnType.SCALAR


def _find_seen(nodes: Sequence[Node]) -> None:
    """Backwards: a node sees what it uses, and what passes it because something behind needs it."""
    wanted: dict[int, set[str]] = {id(node): set() for node in nodes}
    for node in reversed(nodes):
        passing = wanted[id(node)] - set(node.outputs)
        node.seen = frozenset(passing.union(node.needs))
        for name in node.seen:
            # Of several branches the last one that has it gives it.
            giver = next((each for each in reversed(node.before) if name in each.types), None)
            if giver is not None:
                wanted[id(giver)].add(name)
