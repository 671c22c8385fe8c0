"""Finished pipelines: called with inputs, they give a queue of rows."""

from __future__ import annotations

import contextlib
import os
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipit.towhee import _nodes
from pipit.towhee._graph import Node, checked
from pipit.towhee._queue import Column, ColumnType, DataQueue
from pipit.towhee._registry import OpsNode, constructing
from pipit.towhee.operator.base import SharedType


class _Pool:
    """The instances of one node's operator."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._free: list[Any] = []
        self._all: list[Any] = []
        first = self._build()
        self._free.append(first)
        self._shared = getattr(first, "shared_type", SharedType.Shareable)

    def _build(self) -> Any:
        with constructing(self._node.device):
            try:
                made = self._node.fn.get_op()
            except RuntimeError as error:
                raise RuntimeError(f"node '{self._node.name}': {error}") from error
        self._all.append(made)
        return made

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Callable[..., Any]]:
        if self._shared is SharedType.Shareable:
            yield self._free[0]
            return
        with self._lock:
            one = self._free.pop() if self._free else self._build()
        try:
            yield one
        finally:
            with self._lock:
                if self._shared is SharedType.NotShareable:
                    self._free.append(one)
                else:
                    self._all.remove(one)

    def flush(self) -> None:
        with self._lock:
            for each in self._all:
                if hasattr(each, "flush"):
                    each.flush()


class RuntimePipeline:
    """What ``output()`` returns. Any number of threads may call it."""

    def __init__(self, graph: Node) -> None:
        self.graph = graph
        self._nodes = checked(graph)
        self._inputs = next(node for node in self._nodes if node.kind == "input").outputs
        self._pools: dict[int, _Pool] = {}
        self.preload()

    def preload(self) -> None:
        """Builds the operators that are not built yet."""
        for node in self._nodes:
            if isinstance(node.fn, OpsNode) and id(node) not in self._pools:
                self._pools[id(node)] = _Pool(node)

    def __call__(self, *inputs: Any) -> DataQueue:
        assert len(inputs) == len(self._inputs), f"the pipeline takes {len(self._inputs)} inputs {self._inputs}, found {len(inputs)}"
        tables: dict[int, _nodes.Table] = {}
        for node in self._nodes:
            if node.kind == "input":
                given = zip(self._inputs, inputs)
                tables[id(node)] = {name: Column(ColumnType.SCALAR, [value]) for name, value in given}
            else:
                tables[id(node)] = self._run(node, [tables[id(each)] for each in node.before])
        return self._queue(tables[id(self.graph)])

    def _run(self, node: Node, before: list[_nodes.Table]) -> _nodes.Table:
        pool = self._pools.get(id(node))
        try:
            if pool is None:
                return _nodes.run(node, before, node.fn)
            with pool.borrowed() as fn:
                return _nodes.run(node, before, fn)
        except Exception as error:
            raise RuntimeError(f"node '{node.name}' failed: {error}\n{traceback.format_exc()}") from error

    def _queue(self, table: _nodes.Table) -> DataQueue:
        names = self.graph.inputs
        queue = DataQueue([(name, self.graph.types[name]) for name in names], max_size=0)
        queue.adopt([table[name] for name in names])
        return queue

    def batch(self, batch_inputs: Iterable[Any]) -> list[DataQueue]:
        """Many calls at the same time; their queues in order."""
        items = list(batch_inputs)
        if not items:
            return []
        threads = min(len(items), (os.cpu_count() or 1) + 4)
        with ThreadPoolExecutor(threads, thread_name_prefix="pipit-towhee") as executor:
            one = len(self._inputs) == 1
            futures = [executor.submit(self, item) if one else executor.submit(self, *item) for item in items]
            return [future.result() for future in futures]

    def flush(self) -> None:
        """Calls ``flush()`` of every operator that has one."""
        for pool in self._pools.values():
            pool.flush()
