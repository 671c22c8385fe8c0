"""Pipelines: opened once, given items, asked for results."""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipit import _native
from pipit._errors import Error, ItemError
from pipit._libtorch import point_to_torch
from pipit._operator import Operator
from pipit._result import Result

_log = logging.getLogger("pipit")
_open: weakref.WeakSet[Pipeline] = weakref.WeakSet()


class Future:
    """The result of an item that was submitted, when it is there."""

    __slots__ = ("_pending", "_item", "__weakref__")

    def __init__(self, pending: _native.Pending, item: int | None = None) -> None:
        self._pending = pending
        self._item = item

    def done(self) -> bool:
        return self._pending.done()

    def outcome(self, timeout: float | None = None) -> Result:
        """The result, or the error in it. Raises TimeoutError when it does not come in ``timeout`` seconds."""
        if not self._pending.wait(timeout):
            raise TimeoutError(f"the item is not done after {timeout:g} s")
        number, error, outputs = self._pending.take()
        item = number if self._item is None else self._item
        return Result(item, None if error is None else ItemError(item, *error), outputs)

    def result(self, timeout: float | None = None) -> Result:
        """The result. Raises ItemError when the item failed."""
        outcome = self.outcome(timeout)
        if outcome.error is not None:
            raise outcome.error
        return outcome


class Pipeline:
    """A pipeline of operators, open: its models are read and its threads run.

    ``pipeline`` is a file's name, or the text of one (a str with more than one line). ``set`` gives settings as the command line's ``--set``:
    ``{"vars.weights": "w.pt", "embed.device": "cpu"}``. ``operators`` are functions of Python, see :func:`pipit.operator`.

    All methods may be called from any thread; while they wait, other threads of Python run and Ctrl-C is heard. A pipeline
    belongs to the process that opened it: after a fork, open one in the child. Pickled, it becomes its recipe, and is opened
    anew where it is unpickled.
    """

    def __init__(
        self,
        pipeline: str | os.PathLike[str],
        *,
        set: Mapping[str, Any] | None = None,
        folder: str | os.PathLike[str] = ".",
        operators: Sequence[Operator] = (),
        operator_path: Sequence[str | os.PathLike[str]] = (),
        threads: int = 0,
        items_in_flight: int = 256,
        spaces: bool = False,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        is_text = isinstance(pipeline, str) and "\n" in pipeline
        self._recipe: dict[str, Any] = {
            "pipeline": pipeline if is_text else os.path.abspath(pipeline),
            "set": dict(set or {}),
            "folder": os.path.abspath(folder),
            "operators": list(operators),
            "operator_path": [os.path.abspath(each) for each in operator_path],
            "threads": threads,
            "items_in_flight": items_in_flight,
            "spaces": spaces,
            "on_warning": on_warning,
        }
        for each in operators:
            if not isinstance(each, Operator):
                raise TypeError(
                    f"operators: a {type(each).__name__} is not a pipit operator; @pipit.operator(inputs=…, outputs=…) makes a "
                    "function one"
                )
        if is_text:
            text, file = str(pipeline), ""
        else:
            text, file = "", os.fspath(pipeline)
        self._items_in_flight = items_in_flight
        point_to_torch()
        self._native = _native.NativePipeline(
            {
                "text": text,
                "file": file,
                "folder": self._recipe["folder"],
                "set": [(target, _setting(value)) for target, value in (set or {}).items()],
                "operators": list(operators),
                "operator_path": self._recipe["operator_path"],
                "threads": threads,
                "items_in_flight": items_in_flight,
                "spaces": spaces,
                "on_warning": on_warning or _log.warning,
            }
        )
        _open.add(self)

    # ---- items

    def __call__(self, **inputs: Any) -> Result:
        """Runs one item and returns its result. Raises ItemError when it fails."""
        return self.submit(**inputs).result()

    def submit(self, **inputs: Any) -> Future:
        """Starts one item. Waits while ``items_in_flight`` of them are under way."""
        pending = self._native.submit(inputs, True)
        assert pending is not None
        return Future(pending)

    def stream(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Result]:
        """Runs a stream of items, each a mapping of inputs, and yields their results in order.

        No more than ``items_in_flight`` items are taken from ``items`` before their results are. An item that fails is a result
        with ``error`` in its place. What ``items`` raises comes after the results of the items before. The items are asked for by the
        thread that asks for results.
        """
        source = iter(items)
        waiting: deque[Future | Result] = deque()
        failure: BaseException | None = None
        ended = False
        count = 0
        while True:
            while not ended and len(waiting) < self._items_in_flight:
                if waiting and _is_done(waiting[0]):
                    break
                try:
                    inputs = next(source)
                except StopIteration:
                    ended = True
                    break
                except Exception as error:
                    failure = error
                    ended = True
                    break
                waiting.append(self._start(inputs, count))
                count += 1
            if not waiting:
                break
            first = waiting.popleft()
            yield first if isinstance(first, Result) else first.outcome()
        if failure is not None:
            raise failure

    def _start(self, inputs: Mapping[str, Any], item: int) -> Future | Result:
        try:
            if not isinstance(inputs, Mapping):
                raise TypeError(f"an item is a mapping of inputs, found a {type(inputs).__name__}")
            pending = self._native.submit(dict(inputs), True)
            assert pending is not None
            return Future(pending, item)
        except (TypeError, ValueError) as error:
            return Result(item, ItemError(item, "", "invalid_input", str(error)), {})

    async def run(self, **inputs: Any) -> Result:
        """Runs one item, for ``await``. Raises ItemError when it fails. Cancelled, it leaves the item to itself."""
        loop = asyncio.get_running_loop()
        pending = self._native.submit(inputs, False)
        if pending is None:
            pending = await loop.run_in_executor(None, self._native.submit, inputs, True)
            assert pending is not None
        done = loop.create_future()

        def tell() -> None:
            if not done.done():
                done.set_result(None)

        def hand_over() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell)

        pending.when_done(hand_over)
        await done
        return Future(pending).result()

    # ---- what it is and does

    @property
    def inputs(self) -> list[_native.Column]:
        return self._native.inputs()

    @property
    def outputs(self) -> list[_native.Column]:
        return self._native.outputs()

    def stats(self) -> list[dict[str, Any]]:
        """What each node has done so far. Cheap, and may be asked for at any time."""
        return self._native.stats()

    def describe(self) -> dict[str, Any]:
        """What was opened, after all substitutions."""
        return self._native.describe()

    def explain(self) -> str:
        """What runs where, for people."""
        return self._native.explain()

    # ---- its end

    @property
    def closed(self) -> bool:
        return self._native.closed

    def cancel(self) -> None:
        """Gives up all items in flight; they get the error ``cancelled``."""
        self._native.cancel()

    def close(self) -> None:
        """Gives up what is in flight and ends the threads. Waits for operators that are at work."""
        self._native.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._recipe,)

    def __repr__(self) -> str:
        if self.closed:
            return "<pipit.Pipeline, closed>"
        takes = ", ".join(f"{column.name}: {column.type}" for column in self.inputs)
        gives = ", ".join(column.name for column in self.outputs)
        return f"<pipit.Pipeline ({takes}) -> ({gives})>"


def _is_done(waiting: Future | Result) -> bool:
    return isinstance(waiting, Result) or waiting.done()


def _reopen(recipe: dict[str, Any]) -> Pipeline:
    recipe = dict(recipe)
    return Pipeline(recipe.pop("pipeline"), **recipe)


def _setting(value: Any) -> str:
    """A setting as the command line has it: text as it is, all else as JSON, which YAML reads."""
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise Error("invalid_argument", f"a setting is text, a number, a bool, None, or lists and dicts of these: {error}") from None


def _close_all() -> None:
    """Before the interpreter ends: no thread of a pipeline may need it afterwards."""
    for pipeline in list(_open):
        pipeline.close()


atexit.register(_close_all)


def pipelines_folder() -> Path:
    """Where the pipelines lie that come with the package."""
    here = Path(__file__).resolve().parent
    for folder in (here / "share" / "pipit" / "pipelines", here.parents[2] / "pipelines"):
        if folder.is_dir():
            return folder
    raise Error("not_found", f"the package in '{here}' has no pipelines")
