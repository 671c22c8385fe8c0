"""Python functions as nodes of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any


class Operator:
    """A function, or anything that can be called, as an operator. Made by :func:`operator`; still callable itself.

    The runtime calls it from its own threads, for one row after the other; with ``replicas`` in the file, by several threads
    in turn. What it raises fails the row's item, with Python's traceback in the error.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        *,
        many: bool = False,
        window: bool = False,
    ) -> None:
        if not callable(function):
            raise TypeError(f"operator '{name}': a {type(function).__name__} cannot be called")
        self.function = function
        self.name = name
        self.inputs = [(port, kind) for port, kind in inputs.items()]
        self.outputs = [(port, kind) for port, kind in outputs.items()]
        self.many = many
        self.window = window
        self.doc = (getattr(function, "__doc__", None) or f"The Python function '{name}'.").strip().splitlines()[0]

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __repr__(self) -> str:
        ports = ", ".join(f"{port}: {kind}" for port, kind in self.inputs)
        gives = ", ".join(f"{port}: {kind}" for port, kind in self.outputs)
        return f"<pipit operator '{self.name}' ({ports}) -> ({gives})>"


def operator(
    name: str | None = None,
    *,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    many: bool = False,
    window: bool = False,
) -> Callable[[Callable[..., Any]], Operator]:
    """Makes a function, or an object with ``__call__``, an operator for ``Pipeline(…, operators=[…])``.

    ``inputs`` and ``outputs`` name the ports and their types ("string", "frame", "tensor<f32>[512]", "any", …). ``name`` is what
    the file says as ``op``; without it, ``python.`` and the function's name. ``many``: the function gives an iterable, each of
    whose elements is a row. ``window``: each argument is the list of the rows of a window, by default of all rows of the item.
    Several outputs come as a tuple.
    """

    def make(function: Callable[..., Any]) -> Operator:
        own = getattr(function, "__name__", type(function).__name__)
        return Operator(
            function, name or "python." + _word(own), inputs, outputs, many=many, window=window
        )

    return make


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name).strip("_").lower() or "function"
