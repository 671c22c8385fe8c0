"""Base classes that operators may have. None is needed: any class with ``__call__`` is an operator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, Flag, auto
from typing import Any

from pipit.towhee._registry import get_sys_config


class SharedType(Enum):
    """Shareable: one instance for all calls. NotShareable: one a concurrent call, used again. NotReusable: a new one each call."""

    Shareable = auto()
    NotShareable = auto()
    NotReusable = auto()


class OperatorFlag(Flag):
    EMPTYFLAG = 0
    STATELESS = auto()
    REUSEABLE = auto()


class Operator(ABC):
    def __init__(self) -> None:
        self._key = ""
        config = get_sys_config()
        self._device_id: int = -1 if config is None else config.device_id

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    @property
    def key(self) -> str:
        return self._key

    @key.setter
    def key(self, value: str) -> None:
        self._key = value

    @property
    def shared_type(self) -> SharedType:
        return SharedType.NotShareable

    def flush(self) -> None:
        """Called by ``pipeline.flush()``."""


class PyOperator(Operator):
    """An operator of plain Python."""


class NNOperator(Operator):
    """An operator with a model."""

    def __init__(self, framework: str = "pytorch") -> None:
        super().__init__()
        self.framework = framework

    @property
    def shared_type(self) -> SharedType:
        return SharedType.Shareable

    def save_model(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def supported_model_names(*_: Any, **__: Any) -> list[str]:
        raise NotImplementedError
