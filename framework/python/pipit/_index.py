"""Indexes: asked with a sentence, an image, a clip or a vector."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from typing import Any

from pipit._errors import Error
from pipit._pipeline import Pipeline

_MOST_SEARCHES = 8  # with other settings, kept open


class Index:
    """An index that ``pipit run --output DIR.index`` made, as it is when it is first asked.

    The pipelines that give queries' vectors are those that the index names, opened when they are first needed and kept; ``set`` is for them,
    ``{"vars.weights": "w.pt"}`` say, where the weights lie elsewhere now. Any thread may search.
    """

    def __init__(self, folder: str | os.PathLike[str], *, set: Mapping[str, Any] | None = None) -> None:
        self._folder = os.path.abspath(folder)
        self._set = dict(set or {})
        self._lock = threading.Lock()
        self._queries: dict[str, tuple[Pipeline, str, str]] = {}
        self._searches: dict[str, Pipeline] = {}
        try:
            with open(os.path.join(self._folder, "manifest.json"), encoding="utf-8") as file:
                manifest = json.load(file)
            self.space: str = manifest["space"]
            self.dimension: int = manifest["dimension"]
            self._vector: str = manifest["vector"]
            self._kept: dict[str, Any] = manifest["queries"]
        except FileNotFoundError:
            raise Error("not_found", f"'{folder}' is not an index: it has no manifest.json") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Error("invalid_index", f"the manifest of '{folder}' is damaged: {error}") from None

    def search(
        self,
        text: str | None = None,
        *,
        image: str | os.PathLike[str] | None = None,
        video: str | os.PathLike[str] | None = None,
        vector: Any = None,
        k: int = 10,
        per: str = "auto",
        min_score: float | None = None,
        where: Mapping[str, Any] | None = None,
        exact: bool = False,
    ) -> list[dict[str, Any]]:
        """What is nearest, the best first: dicts with ``rank``, ``score`` and the row's fields, as ``pipit search --json`` gives them.

        One of ``text``, ``image``, ``video`` and ``vector`` is the query. ``per`` is "moment", "clip", "row", or "auto": moments where rows have
        times.
        """
        given = {"text": text, "image": image, "video": video, "vector": vector}
        asked = {kind: value for kind, value in given.items() if value is not None}
        if len(asked) != 1:
            raise TypeError(f"search takes one of text, image, video and vector, found {len(asked)}")
        ((kind, value),) = asked.items()
        vec = value if kind == "vector" else self._embedded(kind, value)
        settings = {"k": k, "per": per, "min_score": min_score, "where": dict(where or {}), "exact": exact}
        answers: list[dict[str, Any]] = self._search(settings)(vec=vec)["answers"]
        return answers

    def _embedded(self, kind: str, value: Any) -> Any:
        with self._lock:
            if kind not in self._queries:
                self._queries[kind] = self._open(kind)
            pipeline, takes, gives = self._queries[kind]
        return pipeline(**{takes: value})[gives]

    def _open(self, kind: str) -> tuple[Pipeline, str, str]:
        if kind not in self._kept:
            known = ", ".join(f"'{each}'" for each in self._kept) or "none"
            raise Error("invalid_argument", f"the index has no pipeline for queries by {kind}; it has {known}")
        kept = self._kept[kind]
        # The text has more than one line: it is a pipeline's file.
        pipeline = Pipeline(
            kept["text"] + "\n", folder=kept["folder"], set={**dict(kept["set"]), **self._set}, spaces=True
        )
        (takes,) = pipeline.inputs
        vectors = [column for column in pipeline.outputs if column.space]
        chosen = [column for column in vectors if column.name == self._vector] or vectors
        if len(chosen) != 1 or chosen[0].space != self.space:
            found = chosen[0].space if chosen else "none"
            pipeline.close()
            raise Error(
                "invalid_input",
                f"'{kept['file']}' gives vectors of the space '{found}', and the index's lie in '{self.space}': they cannot be compared; is "
                "it the same weight file?",
            )
        return pipeline, takes.name, chosen[0].name

    def _search(self, settings: dict[str, Any]) -> Pipeline:
        arguments = json.dumps({"index_path": self._folder, **settings})
        with self._lock:
            if arguments not in self._searches:
                while len(self._searches) >= _MOST_SEARCHES:
                    self._searches.pop(next(iter(self._searches)))
                self._searches[arguments] = Pipeline(
                    "pipit: 1\ninputs: {vec: tensor}\nnodes:\n"
                    f"  - {{name: search, op: ann_search.index, in: vec, out: answers, args: {arguments}}}\n"
                    "outputs: [answers]\n"
                )
            return self._searches[arguments]

    def close(self) -> None:
        with self._lock:
            for pipeline in [each[0] for each in self._queries.values()] + list(self._searches.values()):
                pipeline.close()
            self._queries.clear()
            self._searches.clear()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<pipit.Index '{self._folder}', {self.dimension} numbers a vector>"
