"""Configurations and pipelines by name: those of a file, and the known ones."""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from typing import Any, TypeVar

from pipit.towhee._config import TowheeConfig

T = TypeVar("T")


def accelerate(model: T) -> T:
    """Marks a model that Towhee may send to a server. There is none here, so it stays as it is."""
    return model


class _Loading:
    """What the decorators put aside while a file runs. A file runs once a name."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.active = False
        self.found: Any = None
        self.known: dict[str, Any] = {}

    def register(self, target: T) -> T:
        if self.active:
            self.found = target
        return target

    def load(self, name: str) -> Any:
        if name in self.known:
            return self.known[name]
        file = name if name.endswith(".py") else name + ".py"
        if not os.path.isfile(file):
            raise RuntimeError(
                f"no {self.what} '{name}': there is no such file, and Towhee's hub, which had others, is not asked"
            )
        self.active, self.found = True, None
        try:
            runpy.run_path(file)
        finally:
            self.active = False
        if self.found is None:
            raise RuntimeError(f"'{file}' registers no {self.what}")
        self.known[name] = self.found
        return self.found


_configs = _Loading("config")
_pipes = _Loading("pipeline")


def _server(**values: Any) -> TowheeConfig:
    preferred = values.pop("preferred_batch_size")
    return TowheeConfig({"server": {**values, "triton": {"preferred_batch_size": preferred}}})


class AutoConfig:
    def __init__(self) -> None:
        raise OSError("AutoConfig is not made; AutoConfig.load_config(name) gives a config")

    @staticmethod
    def register(target: T) -> T:
        return _configs.register(target)

    @staticmethod
    def LocalCPUConfig() -> TowheeConfig:
        return TowheeConfig({"device": -1})

    @staticmethod
    def LocalGPUConfig(device: int = 0) -> TowheeConfig:
        return TowheeConfig({"device": device})

    @staticmethod
    def TritonCPUConfig(
        num_instances_per_device: int = 1,
        max_batch_size: int | None = None,
        batch_latency_micros: int | None = None,
        preferred_batch_size: list[int] | None = None,
    ) -> TowheeConfig:
        return _server(
            device_ids=None,
            num_instances_per_device=num_instances_per_device,
            max_batch_size=max_batch_size,
            batch_latency_micros=batch_latency_micros,
            preferred_batch_size=preferred_batch_size,
        )

    @staticmethod
    def TritonGPUConfig(
        device_ids: list[int] | None = None,
        num_instances_per_device: int = 1,
        max_batch_size: int | None = None,
        batch_latency_micros: int | None = None,
        preferred_batch_size: list[int] | None = None,
    ) -> TowheeConfig:
        return _server(
            device_ids=[0] if device_ids is None else device_ids,
            num_instances_per_device=num_instances_per_device,
            max_batch_size=max_batch_size,
            batch_latency_micros=batch_latency_micros,
            preferred_batch_size=preferred_batch_size,
        )

    @staticmethod
    def load_config(name: str, *args: Any, **kwargs: Any) -> Any:
        own: dict[str, Callable[..., TowheeConfig]] = {
            "LocalCPUConfig": AutoConfig.LocalCPUConfig,
            "LocalGPUConfig": AutoConfig.LocalGPUConfig,
            "TritonCPUConfig": AutoConfig.TritonCPUConfig,
            "TritonGPUConfig": AutoConfig.TritonGPUConfig,
        }
        return (own.get(name) or _configs.load(name))(*args, **kwargs)


class AutoPipes:
    def __init__(self) -> None:
        raise OSError("AutoPipes is not made; AutoPipes.pipeline(name) gives a pipeline")

    @staticmethod
    def register(target: T) -> T:
        return _pipes.register(target)

    @staticmethod
    def pipeline(name: str, *args: Any, **kwargs: Any) -> Any:
        return _pipes.load(name)(*args, **kwargs)
