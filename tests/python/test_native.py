"""The native API: values both ways, calls, streams, errors."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pipit
from conftest import CLIPS, PIPELINES, WEIGHTS, one_node


def same(value: Any) -> Any:
    return value


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -(2**63), 2**63 - 1, 1.5, float("inf"), "", "ünïcode \U0001f600", b"", b"\0\xff", [], [1, [2, None]], {}, {"b": 1, "a": {"c": [2.5]}}],
)
def test_plain_values_come_back_as_they_went(value: Any) -> None:
    with one_node(same, "any") as pipeline:
        back = pipeline(value=value)["out"]
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?"])
def test_arrays_of_every_type_come_back_over_the_same_memory(dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    with one_node(same, "any") as pipeline:
        back = pipeline(value=array)["out"]
    assert back.dtype == array.dtype and back.shape == array.shape
    assert np.array_equal(back, array)
    assert back.__array_interface__["data"][0] == array.__array_interface__["data"][0]
    assert not back.flags.writeable


def test_an_array_that_is_not_contiguous_is_copied() -> None:
    array = np.arange(12.0).reshape(3, 4).T
    with one_node(same, "any") as pipeline:
        back = pipeline(value=array)["out"]
    assert np.array_equal(back, array) and not np.shares_memory(back, array)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (0, 3), (1, 1)])
def test_arrays_without_dimensions_or_elements_keep_their_shape(shape: tuple[int, ...]) -> None:
    with one_node(same, "any") as pipeline:
        back = pipeline(value=np.ones(shape, np.float32))["out"]
        turned = pipeline(value=np.ones((*shape, 2), np.float32).T)["out"]
    assert np.shape(back) == shape and np.size(back) == np.prod(shape, dtype=int)
    assert np.shape(turned) == (2, *reversed(shape))


def test_an_array_lives_as_long_as_somebody_has_it() -> None:
    array = np.arange(1000.0)
    gone = weakref.ref(array)
    with one_node(same, "any") as pipeline:
        back = pipeline(value=array)["out"]
    del array
    gc.collect()
    assert gone() is not None and back[999] == 999.0
    del back
    gc.collect()
    assert gone() is None


def test_tensors_of_torch_go_in_and_come_out() -> None:
    import torch

    given = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    with one_node(same, "any") as pipeline:
        back = pipeline(value=given)["out"]
        half = pipeline(value=given.to(torch.bfloat16))["out"]
    assert back.__array_interface__["data"][0] == given.data_ptr()
    assert torch.equal(torch.from_numpy(back.copy()), given)
    assert torch.equal(torch.from_dlpack(half).float(), given)


def test_a_numpy_scalar_is_a_number_and_a_path_is_text() -> None:
    with one_node(same, "any") as pipeline:
        assert pipeline(value=np.float32(0.5))["out"] == 0.5
        assert pipeline(value=np.int64(7))["out"] == 7
        assert pipeline(value=Path("/tmp/a"))["out"] == "/tmp/a"
        assert pipeline(value=bytearray(b"xy"))["out"] == b"xy"


def test_pictures_of_pil_become_frames() -> None:
    image = Image.new("L", (4, 2), 77)
    with one_node(same, "frame", "frame") as pipeline:
        frame = pipeline(value=image)["out"]
    assert isinstance(frame, pipit.Frame)
    assert (frame.width, frame.height) == (4, 2)
    assert np.array_equal(np.asarray(frame), np.full((2, 4, 3), 77, np.uint8))
    assert frame.to_image().size == (4, 2)
    assert frame._repr_html_().startswith('<img src="data:image/png;base64,')


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({1, 2}, TypeError, "input 'value': a set is not a value of a pipeline; these are None, bool, int, float, str, paths, bytes, arrays, PIL images, frames, and lists and dicts of them"),
        (2**63, ValueError, "input 'value': an int has 64 bits at most"),
        ({1: 2}, TypeError, "input 'value': the keys of a map are str, found a int"),
        (np.zeros(2, np.complex64), TypeError, "input 'value': an array's elements are float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8 or bool"),
        (np.array(["a"]), TypeError, "input 'value': cannot read a ndarray as an array"),
    ],
)
def test_what_is_no_value_is_refused_in_one_sentence(value: Any, error: type[Exception], message: str) -> None:
    with one_node(same, "any") as pipeline:
        with pytest.raises(error) as raised:
            pipeline(value=value)
        assert str(raised.value) == message
        assert pipeline(value=1)["out"] == 1


def test_a_list_in_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with one_node(same, "any") as pipeline, pytest.raises(ValueError, match="lie in each other more than 64 deep"):
        pipeline(value=loop)


def test_an_items_error_has_node_code_and_item() -> None:
    def picky(value: str) -> str:
        if value == "bad":
            raise ValueError("cannot\nstand this")
        return value

    with one_node(picky) as pipeline:
        pipeline(value="good")
        with pytest.raises(pipit.ItemError) as raised:
            pipeline(value="bad")
        error = raised.value
        assert (error.node, error.code, error.item) == ("call", "operator_failed", 1)
        assert error.message == "ValueError: cannot stand this"
        assert str(error) == "item 1: node 'call': ValueError: cannot stand this"
        assert error.traceback.startswith("Traceback (most recent call last):")
        assert "in picky" in error.traceback
        again = pickle.loads(pickle.dumps(error))
        assert (again.node, again.code, again.item, again.message) == ("call", "operator_failed", 1, error.message)
        assert again.traceback == error.traceback


def test_a_missing_input_and_one_of_another_type_are_the_items_error() -> None:
    with one_node(same) as pipeline:
        with pytest.raises(pipit.ItemError, match="input 'value' is missing; the pipeline takes 'value'"):
            pipeline()
        with pytest.raises(pipit.ItemError, match="input 'value' takes string, found int") as raised:
            pipeline(value=1)
        assert raised.value.code == "invalid_input" and raised.value.node == ""


def test_a_wrong_pipeline_is_one_error_with_its_lines() -> None:
    with pytest.raises(pipit.Error) as raised:
        pipit.Pipeline("pipit: 1\ninputs: {a: string}\nnodes:\n  - {name: x, op: no.such, in: a, out: b}\noutputs: [b]\n")
    assert type(raised.value) is pipit.Error
    assert raised.value.code in ("not_found", "invalid_pipeline")
    assert "no.such" in str(raised.value)
    with pytest.raises(pipit.Error, match="no-such-file.yaml"):
        pipit.Pipeline("no-such-file.yaml")


def test_an_operator_that_is_a_plain_function_is_refused() -> None:
    with pytest.raises(TypeError, match="operators: a function is not a pipit operator"):
        pipit.Pipeline("pipit: 1\n", operators=[same])  # type: ignore[list-item]


def test_a_stream_keeps_order_and_has_errors_as_values() -> None:
    def slow_if_even(value: int) -> int:
        if value == 5:
            raise RuntimeError("five")
        return value * 10

    def given() -> Iterator[Any]:
        for i in range(10):
            yield {"value": i} if i != 7 else "seven"

    with one_node(slow_if_even, "int", "int") as pipeline:
        results = list(pipeline.stream(given()))
    assert [result.item for result in results] == list(range(10))
    assert [result["out"] for result in results if result] == [0, 10, 20, 30, 40, 60, 80, 90]
    assert results[5].error is not None and results[5].error.message == "RuntimeError: five"
    assert results[7].error is not None
    assert results[7].error.message == "an item is a mapping of inputs, found a str"
    with pytest.raises(pipit.ItemError, match="item 5"):
        results[5]["out"]


def test_a_stream_takes_no_more_items_than_are_in_flight() -> None:
    taken = 0
    gate = threading.Event()

    def wait(value: int) -> int:
        gate.wait(30)
        return value

    def given() -> Iterator[dict[str, int]]:
        nonlocal taken
        for i in range(100):
            taken += 1
            yield {"value": i}

    with one_node(wait, "int", "int", items_in_flight=8) as pipeline:
        stream = pipeline.stream(given())
        threading.Timer(0.2, gate.set).start()
        assert next(stream)["out"] == 0
        assert taken == 8
        assert [result["out"] for result in stream] == list(range(1, 100))


def test_what_the_source_of_a_stream_raises_comes_behind_its_items() -> None:
    def given() -> Iterator[dict[str, int]]:
        yield {"value": 1}
        raise LookupError("the list ends here")

    with one_node(same, "int", "int") as pipeline:
        stream = pipeline.stream(given())
        assert next(stream)["out"] == 1
        with pytest.raises(LookupError, match="the list ends here"):
            next(stream)


def test_futures_wait_as_long_as_they_are_told() -> None:
    gate = threading.Event()
    with one_node(lambda value: gate.wait(30), "int", "bool") as pipeline:
        future = pipeline.submit(value=1)
        assert not future.done()
        with pytest.raises(TimeoutError, match="not done after 0.01 s"):
            future.result(0.01)
        gate.set()
        assert future.result(30)["out"] is True


def test_asyncio_awaits_more_items_than_are_in_flight() -> None:
    async def all_of(pipeline: pipit.Pipeline) -> list[int]:
        results = await asyncio.gather(*(pipeline.run(value=i) for i in range(50)), return_exceptions=True)
        return [result["out"] if isinstance(result, pipit.Result) else -1 for result in results]

    def odd(value: int) -> int:
        if value % 2 == 0:
            raise ValueError("even")
        return value

    with one_node(odd, "int", "int", items_in_flight=4) as pipeline:
        assert asyncio.run(all_of(pipeline)) == [i if i % 2 else -1 for i in range(50)]


def test_many_rows_windows_and_several_outputs() -> None:
    words = pipit.operator(inputs={"text": "string"}, outputs={"word": "string", "size": "int"}, many=True)(
        lambda text: ((word, len(word)) for word in text.split())
    )
    words.name = "test.words"
    total = pipit.operator("test.total", inputs={"size": "int"}, outputs={"total": "int"}, window=True)(sum)
    with pipit.Pipeline(
        """
pipit: 1
inputs: {text: string}
nodes:
  - {name: words, op: test.words, in: text, out: [word, size]}
  - {name: total, op: test.total, in: size, out: total}
outputs: [word, size, total]
""",
        operators=[words, total],
    ) as pipeline:
        result = pipeline(text="a bcd ef")
        assert dict(result) == {"word": ["a", "bcd", "ef"], "size": [1, 3, 2], "total": 6}
        assert pipeline.outputs[0].many and not pipeline.outputs[2].many


def test_an_output_count_that_is_wrong_is_told() -> None:
    pair = pipit.operator("test.pair", inputs={"v": "any"}, outputs={"a": "any", "b": "any"})(lambda v: v)
    with pipit.Pipeline(
        """
pipit: 1
inputs: {v: any}
nodes:
  - {name: pair, op: test.pair, in: v, out: [a, b]}
outputs: [a, b]
""",
        operators=[pair],
    ) as pipeline:
        assert pipeline(v=[1, 2])["b"] == 2
        with pytest.raises(pipit.ItemError, match="what 'test.pair' gives is not a tuple of 2 values"):
            pipeline(v=1)
        with pytest.raises(pipit.ItemError, match="what 'test.pair' gives has 3 values; its outputs are 2"):
            pipeline(v=[1, 2, 3])


def test_sentences_become_vectors_of_norm_one(embed_text: pipit.Pipeline) -> None:
    vec = embed_text(text="a red circle")["vec"]
    assert vec.dtype == np.float32 and vec.ndim == 1
    assert np.linalg.norm(vec) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(vec, embed_text(text="a red circle")["vec"])


def test_clips_become_vectors_and_a_broken_one_costs_itself(embed_text: pipit.Pipeline) -> None:
    with pipit.Pipeline(PIPELINES / "video_embedding.yaml", set={"vars.weights": WEIGHTS}) as pipeline:
        files = [*CLIPS[:2], Path(__file__), CLIPS[2]]
        results = list(pipeline.stream({"path": file} for file in files))
    assert [result.error is None for result in results] == [True, True, False, True]
    error = results[2].error
    assert error is not None and (error.node, error.code, error.item) == ("decode", "invalid_media", 2)
    size = embed_text(text="x")["vec"].shape
    assert all(result["vec"].shape == size for result in results if result)


def test_stats_description_and_columns(embed_text: pipit.Pipeline) -> None:
    embed_text(text="once")
    stats = {node["name"]: node for node in embed_text.stats()}
    assert list(stats) == ["embed", "normalize"]
    assert stats["embed"]["rows_in"] == stats["embed"]["rows_out"] >= 1
    assert [column.name for column in embed_text.inputs] == ["text"]
    assert [column.name for column in embed_text.outputs] == ["text", "vec"]
    assert [node["op"] for node in embed_text.describe()["nodes"].values()] == ["video_text_embedding.clip4clip", "towhee.np_normalize"]
    assert "embed" in embed_text.explain()
    assert repr(embed_text) == "<pipit.Pipeline (text: string) -> (text, vec)>"


def test_spaces_are_told_when_asked_for() -> None:
    with pipit.Pipeline(PIPELINES / "text_embedding.yaml", set={"vars.weights": WEIGHTS}, spaces=True) as pipeline:
        column = pipeline.outputs[1]
    assert column.space != "" and column.dimension > 0


def test_a_pickled_pipeline_is_its_recipe(embed_text: pipit.Pipeline) -> None:
    with pickle.loads(pickle.dumps(embed_text)) as again:
        assert np.array_equal(again(text="one")["vec"], embed_text(text="one")["vec"])


def test_a_result_shows_itself(embed_text: pipit.Pipeline) -> None:
    result = embed_text(text="<b>")
    assert repr(result).startswith("Result(")
    assert "&lt;b&gt;" in result._repr_html_()
    with pytest.raises(KeyError, match="no output 'vector'; the item has 'text', 'vec'"):
        result["vector"]


def test_operators_run_in_processes_of_their_own() -> None:
    weights = {"vars.weights": WEIGHTS}
    with (
        pipit.Pipeline(PIPELINES / "video_embedding.yaml", set=weights) as inside,
        pipit.Pipeline(PIPELINES / "video_embedding.yaml", set={**weights, "vars.isolate": "process"}) as apart,
    ):
        for clip in CLIPS[:2]:
            assert np.array_equal(inside(path=str(clip))["vec"], apart(path=str(clip))["vec"])
