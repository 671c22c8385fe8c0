"""What the tests of the Python package share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import pipit
from pipit._libtorch import point_to_torch

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


def run_pipit(*arguments: Any, folder: Path) -> str:
    """What `pipit ARGUMENTS…` prints; the program is the build tree's, or that of the package."""
    package = Path(pipit.__file__).parent
    program = next(each for each in (package / "bin" / "pipit", package.parents[2] / "bin" / "pipit") if each.exists())
    done = subprocess.run(
        [program, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PIPIT_WEIGHTS": WEIGHTS},
    )
    return done.stdout


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped pipelines and an index of the moments of the demo's clips."""
    point_to_torch()
    folder = tmp_path_factory.mktemp("library")
    (folder / "pipelines").symlink_to(PIPELINES)
    run_pipit("run", "pipelines/moments.yaml", "--inputs", "pipelines/demo/clips", "--output", "clips.index", folder=folder)
    return folder


@pytest.fixture(scope="session")
def embed_text() -> Any:
    pipeline = pipit.Pipeline(PIPELINES / "text_embedding.yaml", set={"vars.weights": WEIGHTS})
    yield pipeline
    pipeline.close()
