"""The examples of the pages and of the package's own texts are run as they stand."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import pipit
from conftest import ROOT, WEIGHTS

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.fixture
def reader(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads a page stands in a folder with the shipped pipelines and an index, with weights in the environment."""
    monkeypatch.chdir(library)
    monkeypatch.setenv("PIPIT_WEIGHTS", WEIGHTS)


def failures(text: str, name: str) -> tuple[int, int]:
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test)
    return runner.failures, runner.tries


@pytest.mark.parametrize(("page", "least"), [("python.md", 15), ("from-towhee.md", 8)])
def test_the_examples_of_a_page_run(page: str, least: int, reader: None) -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    failed, tried = failures("\n".join(blocks), page)
    assert failed == 0 and tried >= least


def test_the_example_of_the_package_runs() -> None:
    failed, tried = failures(pipit.__doc__ or "", "pipit")
    assert (failed, tried) == (0, 4)


def test_an_example_that_is_wrong_would_be_found() -> None:
    assert failures(">>> 1 + 1\n3\n", "wrong") == (1, 1)
