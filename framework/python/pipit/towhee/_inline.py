"""A finished pipeline as the function of a node: its nodes stand in the node's place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipit.towhee._graph import Node, in_order

_count = itertools.count()


def inlined(node: Node) -> Node:
    """The last of the nodes that do what `node`, whose function is a finished pipeline, is to do."""
    space = f"{next(_count)}."  # a column's own name has no dot
    last = node.fn.graph
    if node.kind in ("window", "time_window", "window_all"):
        lists = tuple(f"{space}list{i}" for i in range(len(node.inputs)))
        gathered = replace(node, outputs=lists, fn=_one_or_all, config=None)
        end, gives = _body(last, space, lists, gathered)
        return _joined(node.outputs, gives, end, node.config)
    if node.kind == "filter":
        end, gives = _body(last, space, node.filter_columns, node.before[0])
        return replace(node, fn=_truth, before=(end,), filter_columns=gives, config=node.config)
    end, gives = _body(last, space, node.inputs, node.before[0])
    if node.kind == "flat_map":
        return replace(node, inputs=gives, fn=_one_or_all, before=(end,), config=node.config)
    return _joined(node.outputs, gives, end, node.config)


def _one_or_all(*values: Any) -> Any:
    return values[0] if len(values) == 1 else values


def _truth(*values: Any) -> bool:
    return all(values)


def _renamed(node: Node, source: str, target: str, config: Any = None) -> Node:
    return Node("map", (source,), (target,), _one_or_all, (node,), config)


def _joined(outputs: Sequence[str], gives: Sequence[str], end: Node, config: Any) -> Node:
    if len(outputs) == len(gives):
        for source, target in zip(gives, outputs):
            end = _renamed(end, source, target, config)
        return end
    assert 1 in (len(outputs), len(gives)), f"{len(gives)} columns of the inner pipeline go into {len(outputs)}: one side must have one"
    return Node("map", tuple(gives), tuple(outputs), _one_or_all, (end,), config)


def _body(last: Node, space: str, given: Sequence[str], before: Node) -> tuple[Node, tuple[str, ...]]:
    """The inner nodes behind `before`, reading `given`; the last of them, and the columns that they give."""
    nodes = in_order(last)
    first = next(node for node in nodes if node.kind == "input")
    inner = first.outputs
    assert len(given) == len(inner) or 1 in (len(given), len(inner)), (
        f"{len(given)} columns go into {len(inner)} of the inner pipeline: one side must have one"
    )
    made: dict[int, Node] = {}
    start = before
    bound = inner if len(given) == len(inner) else tuple(f"in{i}" for i in range(len(given)))
    for source, target in zip(given, bound):
        start = _renamed(start, source, space + target)
    made[id(first)] = start
    whole = len(given) == len(inner)
    overwritten: dict[int, bool] = {id(first): whole}
    for node in nodes:
        if node.kind in ("input", "output"):
            continue
        stale = any(overwritten[id(each)] for each in node.before)
        takes = node.inputs if stale else _substituted(node.inputs, inner, bound)
        asks = node.filter_columns if stale else _substituted(node.filter_columns, inner, bound)
        overwritten[id(node)] = stale or bool(set(node.outputs) & set(inner))
        made[id(node)] = replace(
            node,
            inputs=tuple(space + name for name in takes),
            outputs=tuple(space + name for name in node.outputs),
            filter_columns=tuple(space + name for name in asks),
            timestamp=space + node.timestamp if node.timestamp else "",
            before=tuple(made[id(each)] for each in node.before),
            types={},
            name="",
        )
    (end,) = last.before
    gives = last.inputs if overwritten[id(end)] else _substituted(last.inputs, inner, bound)
    return made[id(end)], tuple(space + name for name in gives)


def _substituted(names: tuple[str, ...], inner: Sequence[str], bound: Sequence[str]) -> tuple[str, ...]:
    """One column for all of the inner pipeline's, or several for its one."""
    if len(bound) == 1 and names == tuple(inner):
        return tuple(bound)
    if len(inner) == 1:
        return tuple(each for name in names for each in (bound if name == inner[0] else (name,)))
    return names
