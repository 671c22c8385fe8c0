"""Pipelines on many machines, by Ray Data.

    ds = ray.data.read_parquet("s3://…/clips").map_batches(
        pipit.ray.Run,
        fn_constructor_kwargs={"pipeline": "video_embedding.yaml", "set": {"vars.weights": "w.pt"}},
        batch_size=32, concurrency=8, num_cpus=4,
    )

Each actor opens the pipeline once, with as many threads as its ``num_cpus``. Paths go through the object store and vectors come back; frames stay in the
actor. A bad item is a row with its error; an actor or a machine that is lost costs the time of its batches, which Ray runs again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from pipit._pipeline import Pipeline
from pipit._table import to_table

__all__ = ["Run"]


class Run:
    """For ``map_batches``: columns that are called as the pipeline's inputs are given to it, all columns stay, and its outputs
    and the columns ``error_node``, ``error_code`` and ``error_message`` come beside them."""

    def __init__(self, pipeline: str | os.PathLike[str], *, threads: int | None = None, **options: Any) -> None:
        """``options`` are Pipeline's. ``threads``: without it, the actor's ``num_cpus``."""
        self._pipeline = Pipeline(pipeline, threads=_own_cpus() if threads is None else threads, **options)
        self._takes = [column.name for column in self._pipeline.inputs]

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        missing = [name for name in self._takes if name not in batch]
        if missing:
            raise ValueError(f"the pipeline takes {self._takes}; the batch has no {missing}, but {list(batch)}")
        columns: dict[str, Sequence[Any]] = {
            name: values.tolist() if values.ndim == 1 else list(values) for name, values in batch.items()
        }
        rows = len(columns[self._takes[0]]) if self._takes else 0
        items = ({name: columns[name][row] for name in self._takes} for row in range(rows))
        return to_table(self._pipeline.stream(items), columns)


def _own_cpus() -> int:
    ray: Any = import_module("ray")
    return int(ray.get_runtime_context().get_assigned_resources().get("CPU", 0))
