"""The package's types, as a user's type checker sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def mypy(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(ROOT / "build" / "mypy"), *arguments],
        capture_output=True,
        text=True,
        env={"MYPYPATH": str(ROOT / "framework" / "python"), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
        timeout=500,
    )
    return done.stdout + done.stderr


def test_the_package_is_typed_strictly() -> None:
    assert mypy("-p", "pipit") .startswith("Success: no issues found")


def test_a_users_mistake_is_found(tmp_path: Path) -> None:
    user = tmp_path / "user.py"
    user.write_text(
        "import pipit\n"
        "pipeline = pipit.Pipeline('a.yaml', set={'vars.weights': 'w.pt'})\n"
        "result: pipit.Result = pipeline(path='a.mp4')\n"
        "for each in pipeline.stream([{'path': 'a'}, {'path': 'b'}]):\n"
        "    reveal_type(each)\n"
        "pipeline.submit(path='a').outcome(timeout='1')\n"
    )
    told = mypy(str(user))
    assert 'Revealed type is "pipit._result.Result"' in told
    assert 'Argument "timeout" to "outcome" of "Future" has incompatible type "str"; expected "float | None"' in told
    assert "Found 1 error" in told
