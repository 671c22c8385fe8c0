"""Towhee's pipelines on pipit: change ``import towhee`` to ``from pipit import towhee``, or ``from towhee import pipe`` to
``from pipit.towhee import pipe``.

Nothing is fetched: operators are those that are registered and those of pipit. docs/from-towhee.md says what differs.
"""

from pipit.towhee._auto import AutoConfig, AutoPipes, accelerate
from pipit.towhee._data_loader import DataLoader
from pipit.towhee._graph import Pipe as pipe
from pipit.towhee._registry import ops, register
from pipit.towhee.datacollection import DataCollection

__all__ = [
    "AutoConfig",
    "AutoPipes",
    "DataCollection",
    "DataLoader",
    "accelerate",
    "ops",
    "pipe",
    "register",
]
