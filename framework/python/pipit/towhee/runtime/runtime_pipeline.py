"""Where user code imports it from."""

from pipit.towhee._runtime import RuntimePipeline

__all__ = ["RuntimePipeline"]
