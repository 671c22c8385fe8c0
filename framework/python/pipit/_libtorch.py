"""The one LibTorch of the process: that of the installed torch."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path

from pipit import _native
from pipit._errors import Error


def point_to_torch() -> None:
    """Tells the runtime where the installed torch has its libraries, which it opens when an operator needs them. ``import
    torch``, before or after, then finds the same ones loaded."""
    if os.environ.get("PIPIT_LIBTORCH"):
        return
    folder = _torch_folder()
    if folder is None:
        return
    wanted = _native.libtorch_version().rpartition(".")[0]
    found = importlib.metadata.version("torch")
    if not found.startswith(wanted + "."):
        raise Error(
            "unavailable",
            f"the installed torch is {found}, and this pipit is built for {wanted}; pip install 'torch=={wanted}.*'",
        )
    os.environ["PIPIT_LIBTORCH"] = str(folder)


def _torch_folder() -> Path | None:
    module = sys.modules.get("torch")
    spec = module.__spec__ if module is not None else importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "lib" / "libtorch_cpu.so").exists() else None
