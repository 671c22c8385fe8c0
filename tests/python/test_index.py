"""Searching an index from Python: the answers of the program."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import pipit
from conftest import CLIPS, PIPELINES, WEIGHTS, run_pipit


@pytest.fixture(scope="module")
def index(library: Path) -> pipit.Index:
    return pipit.Index(library / "clips.index")


def test_a_sentence_has_the_answers_of_pipit_search(library: Path, index: pipit.Index) -> None:
    asked = "a small white cross blinking"
    for per in ("moment", "clip", "row"):
        printed = run_pipit("search", "clips.index", "--text", asked, "-k", 4, "--per", per, "--json", folder=library)
        expected = [json.loads(line) for line in printed.splitlines()]
        answers = index.search(asked, k=4, per=per)
        assert len(answers) == 4
        for answer, line in zip(answers, expected):
            assert answer["rank"] == line["rank"] and answer["path"] == line["path"]
            assert answer["score"] == pytest.approx(line["score"], abs=1e-6)
            assert answer.get("start_ms") == line.get("start_ms")


def test_clips_images_and_vectors_ask_too(index: pipit.Index, tmp_path: Path) -> None:
    clip = CLIPS[4]
    assert index.search(video=clip, k=1, per="clip")[0]["path"].endswith(clip.name)
    with pipit.Pipeline(PIPELINES / "video_embedding.yaml", set={"vars.weights": WEIGHTS}) as pipeline:
        vec = pipeline(path=clip)["vec"]
    assert index.search(vector=vec, k=1, per="clip")[0]["path"].endswith(clip.name)
    where = str(index.search(vector=vec, k=8, per="clip")[-1]["path"])
    assert {answer["path"] for answer in index.search(vector=vec, where={"path": where})} == {where}
    assert index.search(vector=vec, min_score=2.0) == []


def test_what_cannot_be_asked_is_told(library: Path, index: pipit.Index, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="one of text, image, video and vector, found 2"):
        index.search("a", image="b.png")
    with pytest.raises(TypeError, match="found 0"):
        index.search()
    with pytest.raises(pipit.ItemError):
        index.search(vector=np.zeros(3, np.float32))
    with pytest.raises(pipit.Error, match="is not an index: it has no manifest.json"):
        pipit.Index(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(pipit.Error, match="is damaged"):
        pipit.Index(tmp_path)


def test_vectors_of_another_space_are_refused(library: Path, tmp_path: Path) -> None:
    other = tmp_path / "clips.index"
    shutil.copytree(library / "clips.index", other)
    manifest = other / "manifest.json"
    said = json.loads(manifest.read_text())
    said["space"] = "another model"
    manifest.write_text(json.dumps(said))
    with pytest.raises(pipit.Error, match="and the index's lie in 'another model': they cannot be compared"):
        pipit.Index(other).search("a red circle")
