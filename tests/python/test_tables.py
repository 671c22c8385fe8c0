"""Results as tables of Arrow, and what reads those."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import pipit
from conftest import CLIPS, PIPELINES, WEIGHTS, one_node


def test_vectors_and_errors_go_to_parquet_and_pandas(tmp_path: Path) -> None:
    files = [*CLIPS[:2], Path(__file__), CLIPS[2]]
    with pipit.Pipeline(PIPELINES / "video_embedding.yaml", set={"vars.weights": WEIGHTS}) as pipeline:
        results = list(pipeline.stream({"path": file} for file in files))
    table = pipit.to_table(results, {"path": [str(file) for file in files]})
    assert table.column_names == ["path", "vec", "error_node", "error_code", "error_message"]
    assert table.schema.field("vec").type == pa.list_(pa.float32(), len(results[0]["vec"]))
    assert table["path"].to_pylist() == [str(file) for file in files]
    assert table["error_code"].to_pylist() == [None, None, "invalid_media", None]
    assert table["error_node"].to_pylist() == [None, None, "decode", None]
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    back = pyarrow.parquet.read_table(tmp_path / "t.parquet").to_pandas()
    assert back["vec"][2] is None
    for row in (0, 1, 3):
        assert np.array_equal(back["vec"][row], results[row]["vec"])


def test_rows_of_many_and_plain_values_are_columns() -> None:
    with one_node(lambda value: {"n": value, "half": [value / 2]}, "int", "map") as pipeline:
        table = pipit.to_table(pipeline.stream({"value": i} for i in range(3)))
    assert table["out"].to_pylist() == [{"n": i, "half": [i / 2]} for i in range(3)]
    with one_node(lambda value: np.arange(value), "int", "any") as pipeline:
        table = pipit.to_table(pipeline.stream({"value": i} for i in range(3)))
    assert table["out"].to_pylist() == [[], [0], [0, 1]]
    assert pipit.to_table([]).num_rows == 0


def test_a_frame_is_no_column() -> None:
    frame = pipit.Frame(np.zeros((2, 2, 3), np.uint8))
    with one_node(lambda _: frame, "int", "frame") as pipeline:
        with pytest.raises(TypeError, match="column 'out' has values that no table has"):
            pipit.to_table(pipeline.stream([{"value": 1}]))
