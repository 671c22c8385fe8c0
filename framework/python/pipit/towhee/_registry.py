"""Operators by name: registered classes and functions, and those of the runtime."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_registered: dict[str, type] = {}
_construction = threading.local()


def plain(name: str) -> str:
    """`_` and `-` in names are the same."""
    return name.replace("_", "-")


def register(name: Any = None, *_: Any, **__: Any) -> Any:
    """Makes a class or a function an operator: ``@register``, ``@register()`` or ``@register(name='ns/op_x')``."""
    if callable(name):
        return _add(name, None)
    return lambda target: _add(target, name)


def _add(target: Any, name: str | None) -> type:
    made = target if isinstance(target, type) else _class_of(target)
    _registered[plain(name or target.__name__)] = made
    return made


def _class_of(function: Callable[..., Any]) -> type:
    def call(self: object, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return type(function.__name__, (), {"__call__": call, "__doc__": function.__doc__, "__module__": function.__module__})


def find(name: str) -> Callable[..., Any]:
    """Raises LookupError with a sentence where there is none."""
    from pipit.towhee._native_operators import NATIVE

    for known in (_registered, NATIVE):
        for full in (name, *(f"{space}/{name}" for space in ("anon", "builtin") if "/" not in name)):
            if plain(full) in known:
                return known[plain(full)]
    raise LookupError(
        f"no operator '{name}': it is not registered, not among those of pipit, and Towhee's hub, which had others, is not asked"
    )


def get_sys_config() -> Any:
    """What the node says whose operator is being constructed by this thread; None elsewhere."""
    return getattr(_construction, "config", None)


class constructing:
    def __init__(self, config: Any) -> None:
        self._config = config

    def __enter__(self) -> None:
        _construction.config = self._config

    def __exit__(self, *_: object) -> None:
        _construction.config = None


class Ops:
    """``ops.a.b_c(…)`` names an operator and its arguments; it is built when it is needed."""

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Ops:
        if name.startswith("__"):
            raise AttributeError(name)
        return Ops((*self._path, name))

    def __call__(self, *arguments: Any, **named: Any) -> OpsNode:
        return OpsNode(self._path, arguments, named)


class OpsNode:
    def __init__(self, path: tuple[str, ...], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.name = plain("/".join(path))
        self.init_args = arguments
        self.init_kws = named
        self.tag = "main"
        self.is_latest = False
        self._built: Any = None
        self._lock = threading.Lock()

    def revision(self, tag: str = "main") -> OpsNode:
        self.tag = tag
        return self

    def latest(self) -> OpsNode:
        self.is_latest = True
        return self

    def get_op(self) -> Any:
        try:
            return find(self.name)(*self.init_args, **self.init_kws)
        except Exception as error:
            raise RuntimeError(
                f"cannot build operator '{self.name}' with {self.init_args} {self.init_kws}: {error}"
            ) from error

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        with self._lock:
            if self._built is None:
                self._built = self.get_op()
        return self._built(*arguments, **named)


ops = Ops()
