"""What a node may be told beside its function."""

from __future__ import annotations

from typing import Any


class TowheeConfig:
    """Keys and values. ``+`` and ``|`` merge the right one's into the left one."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.config: dict[str, Any] = dict(config or {})

    def __add__(self, other: TowheeConfig) -> TowheeConfig:
        self.config.update(other.config)
        return self

    __or__ = __add__


class NodeConfig:
    """A node's config, checked. Keys that it does not know have no effect, as in Towhee."""

    def __init__(self, config: Any) -> None:
        if config is None:
            config = {}
        if isinstance(config, TowheeConfig):
            config = config.config
        if not isinstance(config, dict):
            raise ValueError(f"config is a dict or a TowheeConfig, found a {type(config).__name__}")
        self.name: str | None = config.get("name")
        device = config.get("device", -1)
        if isinstance(device, bool) or not isinstance(device, int):
            raise ValueError(f"config: device is an int, -1 for the CPU, found {device!r}")
        self.device_id = device
        self.acc_info = config.get("acc_info")
        if self.acc_info is not None:
            kind = self.acc_info.get("type") if isinstance(self.acc_info, dict) else None
            if kind not in ("triton", "mock"):
                raise ValueError(f"config: acc_info.type is 'triton' or 'mock', found {kind!r}")
