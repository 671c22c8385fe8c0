"""What the tests of the Python package share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import pipit

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = ROOT / "pipelines"
WEIGHTS = str(PIPELINES / "demo" / "clip4clip-shapes.safetensors")
CLIPS = sorted((PIPELINES / "demo" / "clips").glob("*.mp4"))


def one_node(function: Any, takes: str = "string", gives: str = "any", **options: Any) -> pipit.Pipeline:
    """A pipeline of one Python function, from `value` to `out`."""
    node = {key: options.pop(key) for key in ("many", "window") if key in options}
    made = pipit.operator("test.function", inputs={"value": takes}, outputs={"out": gives}, **node)(function)
    return pipit.Pipeline(
        f"""
pipit: 1
inputs: {{value: {takes}}}
nodes:
  - {{name: call, op: test.function, in: value, out: out}}
outputs: [out]
""",
        operators=[made],
        **options,
    )


@pytest.fixture(scope="session")
def embed_text() -> Any:
    pipeline = pipit.Pipeline(PIPELINES / "text_embedding.yaml", set={"vars.weights": WEIGHTS})
    yield pipeline
    pipeline.close()
