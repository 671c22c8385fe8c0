"""The operator that does nothing."""

from __future__ import annotations

from typing import Any

from pipit.towhee.operator.base import PyOperator


class NOPNodeOperator(PyOperator):
    """Returns its argument; of several the tuple."""

    def __call__(self, *args: Any) -> Any:
        return args[0] if len(args) == 1 else args
