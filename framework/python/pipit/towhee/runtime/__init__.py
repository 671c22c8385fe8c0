"""Where user code imports it from."""

from pipit.towhee._auto import AutoConfig, AutoPipes, accelerate
from pipit.towhee._graph import Pipe as pipe
from pipit.towhee._registry import get_sys_config, ops, register

__all__ = ["AutoConfig", "AutoPipes", "accelerate", "get_sys_config", "ops", "pipe", "register"]
