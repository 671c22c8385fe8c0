"""What goes wrong: one exception for pipelines, one for items."""

from __future__ import annotations

import traceback as _traceback


class Error(Exception):
    """A pipeline, a file, a setting or a call is wrong.

    ``str(error)`` is what to tell a person. ``error.code`` is a short word for programs: ``invalid_pipeline``, ``not_found``,
    ``unavailable``, … as the header pipit/error.h lists them.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class ItemError(Error):
    """One item has no result. Other items keep theirs.

    ``node`` is where it happened, empty when the item's own inputs are wrong; ``item`` is its number; ``traceback`` is the text of
    Python's own when the node is a Python operator.
    """

    def __init__(self, item: int, node: str, code: str, message: str) -> None:
        sentence, line, below = message.partition("\n" + _TRACEBACK)
        super().__init__(code, sentence)
        self.args = (item, node, code, message)
        self.item = item
        self.node = node
        self.traceback = _TRACEBACK + below if line else ""

    def __str__(self) -> str:
        where = f"node '{self.node}': " if self.node else ""
        return f"item {self.item}: {where}{self.message}"


_TRACEBACK = "Traceback (most recent call last):"


def code_and_message(exception: BaseException) -> tuple[str, str]:
    """An exception of a Python operator as the runtime tells it: a code, a sentence, and the traceback below."""
    lines = "".join(_traceback.format_exception(exception)).rstrip()
    start = lines.rfind(_TRACEBACK)
    below = "\n" + lines[start:] if start >= 0 else ""
    if isinstance(exception, Error):
        return exception.code, exception.message + below
    if isinstance(exception, MemoryError):
        return "out_of_memory", "memory is exhausted" + below
    text = " ".join(str(exception).split())
    name = type(exception).__name__
    return "operator_failed", (f"{name}: {text}" if text else name) + below
