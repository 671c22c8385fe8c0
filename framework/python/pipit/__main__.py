"""``pipit``, and ``python -m pipit``: the program, from inside the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipit._errors import Error
from pipit._libtorch import point_to_torch


def main() -> None:
    program = Path(__file__).resolve().parent / "bin" / "pipit"
    if not program.exists():
        sys.exit(f"pipit: the package in '{program.parents[1]}' comes without the program")
    try:
        point_to_torch()
    except Error as error:
        sys.exit(f"pipit: {error}")
    os.execv(program, ["pipit", *sys.argv[1:]])


if __name__ == "__main__":
    main()
