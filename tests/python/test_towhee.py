"""pipit.towhee: what Towhee's users wrote runs, with what it gave."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import CLIPS, WEIGHTS
from pipit.towhee import AutoConfig, AutoPipes, DataCollection, DataLoader, ops, pipe, register
from pipit.towhee.datacollection import Entity
from pipit.towhee.operator import NNOperator, PyOperator, SharedType
from pipit.towhee.operator.nop import NOPNodeOperator
from pipit.towhee.runtime import get_sys_config
from pipit.towhee.runtime.data_queue import ColumnType, DataQueue, Empty
from pipit.towhee.runtime.node_config import TowheeConfig
from pipit.towhee.runtime.runtime_pipeline import RuntimePipeline
from pipit.towhee.types import AudioFrame, Image, VideoFrame

E = Empty()
LIST: Callable[..., list[Any]] = lambda *values: list(values)


def above_one(value: Any) -> bool:
    return bool(value > 1)


# ---- the table of examples


def test_a_filter_tears_rows_apart_as_towhees_does() -> None:
    p = pipe.input("a").flat_map("a", "a", lambda x: x).filter("a", "b", "a", above_one).output("a", "b")
    assert p([1, 2, 3]).to_list() == [[1, 2], [2, 3], [3, E]]
    p = (
        pipe.input("a")
        .flat_map("a", "a", lambda x: x)
        .map("a", "b", lambda x: x * 10)
        .filter("a", "a", "a", above_one)
        .output("a", "b")
    )
    assert p([1, 2, 3]).to_list() == [[2, 10], [3, 20], [E, 30]]
    assert pipe.input("a").filter("a", "b", "a", lambda _: False).output("a", "b")(1).to_list() == []


def test_concat_fills_up_shorter_columns() -> None:
    stem = pipe.input("a", "b")
    both = stem.flat_map("a", "x", lambda x: x).concat(stem.flat_map("b", "y", lambda y: y))
    assert both.output("x", "y")([1, 2, 3], [9]).to_list() == [[1, 9], [2, E], [3, E]]
    summed = both.map(("x", "y"), "z", lambda x, y: x + y).output("x", "z")
    assert summed([1, 2, 3], [9]).to_list() == [[1, 10], [2, E], [3, E]]


def test_concat_takes_the_last_branch_that_has_a_column() -> None:
    stem = pipe.input("a")
    left, right = stem.map("a", "b", lambda a: a + 1), stem.map("a", "b", lambda a: a + 2)
    assert left.concat(right).output("b")(1).get() == [3]
    assert right.concat(left, left).output("a", "b")(1).get() == [1, 2]
    assert left.concat(left).output("b")(1).get() == [2]


def test_scalars_stand_in_every_row() -> None:
    assert pipe.input("a", "b").flat_map("a", "x", lambda x: x).output("x", "b")([1, 2], 9).to_list() == [[1, 9], [2, 9]]


def test_a_flat_map_beside_live_rows_runs_for_each() -> None:
    p = pipe.input("a").flat_map("a", "b", lambda x: x).flat_map("b", "c", lambda x: [x, x]).output("b", "c")
    assert p([1, 2]).to_list() == [[1, 1], [2, 1], [E, 2], [E, 2]]


def test_a_map_on_scalars_beside_live_rows_runs_for_each() -> None:
    calls: list[int] = []
    stem = pipe.input("a", "s").flat_map("a", "x", lambda x: x)
    p = stem.map("s", "t", lambda s: calls.append(s) or len(calls)).output("x", "t")
    assert p([7, 8, 9], 1).to_list() == [[7, 3], [8, 3], [9, 3]]
    assert calls == [1, 1, 1]
    calls.clear()
    stem.map("s", "t", lambda s: calls.append(s) or 0).output("t")([7, 8, 9], 1)
    assert calls == [1]


def test_windows_by_count() -> None:
    def windows(size: int, step: int, n: int) -> list[Any]:
        p = pipe.input("a").flat_map("a", "b", lambda x: x).window("b", "c", size, step, list).output("c")
        return [row[0] for row in p(list(range(1, n + 1))).to_list()]

    assert windows(2, 3, 7) == [[1, 2], [4, 5], [7]]
    assert windows(3, 1, 4) == [[1, 2, 3], [2, 3, 4], [3, 4], [4]]
    p = pipe.input("a", "s").flat_map("a", "b", lambda x: x).window(("b", "s"), "c", 2, 2, LIST).output("c")
    assert p([1, 2, 3], "s").to_list() == [[[[1, 2], ["s", "s"]]], [[[3], ["s"]]]]


@pytest.mark.parametrize(
    ("size", "step", "times", "expected"),
    [
        (10, 5, [0, 1000, 2000, *range(92000, 100000, 1000)], [[0, 1000, 2000], list(range(92000, 100000, 1000)), list(range(95000, 100000, 1000))]),
        (2, 2, [2000, 4000, 500], [[2000], [4000]]),
    ],
)
def test_windows_by_time(size: int, step: int, times: list[int], expected: list[list[int]]) -> None:
    p = pipe.input("a").flat_map("a", "t", lambda x: x).time_window("t", "c", "t", size, step, list).output("c")
    assert [row[0] for row in p(times).to_list()] == expected


def test_window_all_and_reduce_make_scalars() -> None:
    stem = pipe.input("a").flat_map("a", "b", lambda x: x)
    assert stem.window_all("b", "c", sum).output("c")([1, 2, 3]).get() == [6]
    assert stem.window_all("b", "c", sum).output("c")([]).to_list() == []
    assert stem.reduce("b", "c", sum).output("c")([1, 2, 3]).get() == [6]
    assert stem.reduce("b", "c", sum).output("c")([]).get() == [0]
    assert stem.window_all("b", ("lo", "hi"), lambda x: (min(x), max(x))).output("hi", "lo")([3, 1]).get() == [3, 1]


def test_nothing_in_and_none_give_no_rows() -> None:
    assert pipe.input("a").flat_map("a", "b", lambda x: x).output("b")([]).to_list() == []
    assert pipe.input("a").map("a", "b", lambda _: None).output("a", "b")(1).to_list() == []
    p = pipe.input("a").flat_map("a", "b", lambda x: x).map("b", "c", lambda _: None).output("c")
    assert p([1, 2]).to_list() == [[None], [None]]
    assert pipe.input("a").output()(1).size == 0


def test_map_writes_by_the_number_of_its_columns() -> None:
    def numbers(n: int) -> Iterator[tuple[int, int]]:
        for i in range(n):
            yield i, -i

    assert pipe.input("a").map("a", "b", lambda a: (a, a)).output("b")(1).get() == [(1, 1)]
    assert pipe.input("a").map("a", ("b", "c"), lambda a: (a, a + 1, "extra")).output("c", "b")(1).get() == [2, 1]
    assert pipe.input("a").map("a", ("b", "c"), lambda a: {0: a, 1: -a}).output("b", "c")(1).get() == [1, -1]
    assert pipe.input("a").map("a", "b", numbers).output("b")(2).get() == [[(0, 0), (1, -1)]]
    assert pipe.input("a").map("a", ("b", "c"), numbers).output("b", "c")(2).get() == [[0, 1], [0, -1]]
    seen: list[int] = []
    assert pipe.input("a").map("a", (), seen.append).output("a")(1).get() == [1]
    assert pipe.input("a").map(("a", "a"), "b", lambda x, y: x + y).output("b", "b")(2).get() == [4, 4]


def test_flat_map_iterates_anything() -> None:
    p = pipe.input("a").flat_map("a", "b", lambda x: x).output("b")
    assert [row[0] for row in p("abc").to_list()] == ["a", "b", "c"]
    assert [row[0] for row in p({"k": 1}).to_list()] == ["k"]
    pairs = pipe.input("a").flat_map("a", ("b", "c"), lambda x: x).output("c", "b")
    assert pairs([(1, 2), (3, 4)]).to_list() == [[2, 1], [4, 3]]
    with pytest.raises(RuntimeError, match="not iterable"):
        pipe.input("a").flat_map("a", "b", lambda _: None).output("b")(1)


def test_a_stem_grows_several_branches() -> None:
    stem = pipe.input("a").map("a", "b", lambda a: a + 1)
    one, two = stem.map("b", "c", lambda b: b * 2), stem.map("b", "c", lambda b: b * 3)
    assert one.output("c")(1).get() == [4] and two.output("c")(1).get() == [6]
    assert len(one.dag) == 3 and "_input" in one.dag


# ---- mistakes


def test_mistakes_are_told_at_once_or_in_output() -> None:
    for bad in ("a,", "1a", "", 0, {}):
        with pytest.raises(ValueError, match="is not a column's name|a schema is a name"):
            pipe.input("a").map(bad, "b", lambda a: a)
    with pytest.raises(ValueError, match="3 cannot be called; a function"):
        pipe.input("a").map("a", "b", 3)
    with pytest.raises(ValueError, match="concat"):
        pipe.input("a").concat()
    with pytest.raises(ValueError, match="is not an unfinished pipeline"):
        pipe.input("a").concat(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'nope'.* not declared"):
        pipe.input("a").map("nope", "b", lambda a: a).output("b")
    with pytest.raises(ValueError, match="not declared"):
        pipe.input("a").output("b")
    with pytest.raises(ValueError, match="not declared"):
        pipe.input("a").concat(pipe.input("b")).output("a")
    with pytest.raises(ValueError, match="the lengths of its schemas differ"):
        pipe.input("a").filter("a", ("b", "c"), "a", bool).output("b")
    for size, step in ((0, 1), (1, -1), (1.5, 1), ("2", 1)):
        with pytest.raises(ValueError, match="is a whole number above 0"):
            pipe.input("a").window("a", "b", size, step, list).output("b")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing"):
        pipe.input("a").filter("a", "b", "a")  # type: ignore[call-arg]
    with pytest.raises(RuntimeError, match="reduce"):
        pipe.input("a").reduce("a", "b", pipe.input("x").output("x"))
    with pytest.raises(RuntimeError, match="no-such/op.*not registered"):
        pipe.input("a").map("a", "b", ops.no_such.op(1)).output("b")
    with pytest.raises(ValueError, match="config is a dict"):
        pipe.input("a").map("a", "b", bool, config=3).output("b")
    with pytest.raises(ValueError, match="device is an int"):
        pipe.input("a").map("a", "b", bool, config={"device": "cuda"}).output("b")
    with pytest.raises(ValueError, match="acc_info.type"):
        pipe.input("a").map("a", "b", bool, config={"acc_info": {"type": "x"}}).output("b")


def test_a_failing_function_fails_the_call_and_names_its_node() -> None:
    def careful(value: int) -> int:
        raise LookupError("no such thing")

    p = pipe.input("a").map("a", "b", lambda a: a).map("b", "c", careful).output("c")
    with pytest.raises(RuntimeError) as raised:
        p(1)
    assert "node 'careful-1' failed: no such thing" in str(raised.value)
    assert "Traceback" in str(raised.value) and "in careful" in str(raised.value)
    with pytest.raises(KeyboardInterrupt):
        pipe.input("a").map("a", "b", _interrupt).output("b")(1)
    with pytest.raises(AssertionError):
        p(1, 2)


def _interrupt(_: Any) -> None:
    raise KeyboardInterrupt


# ---- the queue


def test_a_queue_counts_rows_by_kind_and_seal() -> None:
    queue = DataQueue([("s", ColumnType.SCALAR), ("q", ColumnType.QUEUE), ("r", ColumnType.QUEUE)])
    assert queue.size == 0 and queue.put([E, 1, E])
    assert queue.size == 0
    queue.put_dict({"s": "s", "q": 2, "other": 3})
    assert queue.size == 0
    queue.put([E, E, 5])
    assert queue.size == 1 and queue.get() == ["s", 1, 5]
    with pytest.raises(RuntimeError):
        queue.to_list()
    queue.seal()
    assert queue.sealed and not queue.put([1, 2, 3])
    assert queue.size == 1 and queue.to_list(kv_format=True) == [{"s": "s", "q": 2, "r": E}]
    assert queue.get() is None and queue.get_dict() is None
    with pytest.raises(AssertionError):
        DataQueue([("a", ColumnType.QUEUE)]).put([1, 2])


def test_a_queue_of_scalars_has_one_row() -> None:
    queue = DataQueue([("a", ColumnType.SCALAR), ("b", ColumnType.SCALAR)])
    queue.batch_put([[1, 2], [3]])
    assert queue.size == 1 and queue.get() == [1, 3] and queue.size == 0
    assert (queue.schema, queue.col_size, queue.col_type("a")) == (["a", "b"], 2, ColumnType.SCALAR)


def test_a_bounded_queue_makes_its_writer_wait() -> None:
    queue = DataQueue([("a", ColumnType.QUEUE)], max_size=2)
    got: list[Any] = []

    def read() -> None:
        while (row := queue.get()) is not None:
            got.append(row[0])

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(5000):
        queue.put([i])
    queue.seal()
    reader.join(60)
    assert got == list(range(5000))


def test_empty_is_one_thing() -> None:
    assert Empty() is Empty() and repr(Empty()) == "Empty()" and bool(Empty())
    assert pickle.loads(pickle.dumps(Empty())) is Empty()


# ---- calls


def test_batch_and_threads() -> None:
    p = pipe.input("a").map("a", "b", lambda a: a * 2).output("b")
    assert isinstance(p, RuntimePipeline)
    assert [queue.get() for queue in p.batch(range(50))] == [[i * 2] for i in range(50)]
    assert [queue.get() for queue in p.batch([[1], [2]])] == [[[1, 1]], [[2, 2]]]
    two = pipe.input("a", "b").map(("a", "b"), "c", lambda a, b: a + b).output("c")
    assert [queue.get() for queue in two.batch([(1, 2), (3, 4)])] == [[3], [7]]
    with pytest.raises(TypeError):
        p.batch(3)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        p.batch([1, {}])


def test_a_long_chain_with_many_rows_does_not_hang() -> None:
    chain = pipe.input("n").flat_map("n", "x", range)
    for _ in range(12):
        chain = chain.map("x", "x", lambda x: x + 1)
    assert chain.output("x")(20000).size == 20000


# ---- operators


def test_registered_operators_are_found_by_any_spelling() -> None:
    @register
    def add_one(value: int) -> int:
        return value + 1

    @register(name="my_space/times")
    class Times:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        def __call__(self, value: int) -> int:
            return value * self.factor

    assert isinstance(add_one, type) and Times(3)(2) == 6
    p = pipe.input("a").map("a", "b", ops.add_one()).map("b", "c", ops.my_space.times(factor=3)).output("c")
    assert p(1).get() == [6]
    node = ops.my_space.times(2)
    assert (node.name, node.init_args, node.init_kws, node.tag) == ("my-space/times", (2,), {}, "main")
    assert node.revision("v2") is node and node.tag == "v2" and node.latest() is node and node.is_latest
    assert node(5) == 10 and isinstance(ops.my_space.times(1).get_op(), Times)
    with pytest.raises(RuntimeError, match="my-space/times"):
        pipe.input("a").map("a", "b", ops.my_space.times()).output("b")

    @register(name="anon/hidden")
    def hidden() -> str:
        return "found"

    assert ops.hidden()() == "found"


def test_instances_are_shared_as_their_type_says() -> None:
    built: list[str] = []

    def of(shared: SharedType) -> type:
        class Counted(PyOperator):
            def __init__(self) -> None:
                super().__init__()
                built.append(shared.name)

            @property
            def shared_type(self) -> SharedType:
                return shared

            def __call__(self, value: int) -> int:
                return value

        return Counted

    for shared, after_output, after_calls in (
        (SharedType.Shareable, 1, 1),
        (SharedType.NotShareable, 1, 1),
        (SharedType.NotReusable, 1, 3),
    ):
        built.clear()
        register(name="test/counted")(of(shared))
        p = pipe.input("a").map("a", "b", ops.test.counted()).output("b")
        assert len(built) == after_output
        for i in range(3):
            assert p(i).get() == [i]
        assert len(built) == after_calls


def test_an_operator_knows_its_nodes_device_while_it_is_made() -> None:
    @register(name="test/device")
    class Device(NNOperator):
        def __call__(self, _: Any) -> tuple[int, Any]:
            return self._device_id, get_sys_config()

    p = pipe.input("a").map("a", "b", ops.test.device(), config={"device": 2}).output("b")
    assert p(0).get() == [(2, None)]
    assert Device()(0) == (-1, None)
    with pytest.raises(NotImplementedError):
        Device().save_model()


def test_flush_reaches_every_operator() -> None:
    flushed: list[str] = []

    @register(name="test/flushed")
    class Flushed(PyOperator):
        def __call__(self, value: Any) -> Any:
            return value

        def flush(self) -> None:
            flushed.append("flushed")

    p = pipe.input("a").map("a", "b", ops.test.flushed()).map("b", "c", lambda x: x).output("c")
    assert p.flush() is None and flushed == ["flushed"]  # type: ignore[func-returns-value]
    assert NOPNodeOperator()(1) == 1 and NOPNodeOperator()(1, 2) == (1, 2)


# ---- a pipeline as a function


def test_a_finished_pipeline_stands_in_a_node() -> None:
    double = pipe.input("x").map("x", "x", lambda x: x * 2).output("x")
    assert pipe.input("a").map("a", "b", double).output("a", "b")(3).get() == [3, 6]
    rows = pipe.input("x").flat_map("x", "y", lambda x: x).output("y")
    assert pipe.input("a").map("a", "b", rows).output("b")([1, 2]).to_list() == [[1], [2]]
    assert pipe.input("a").flat_map("a", "b", pipe.input("x").output("x")).output("b")([1, 2]).to_list() == [[1], [2]]
    big = pipe.input("x").map("x", "y", above_one).output("y")
    stem = pipe.input("a").flat_map("a", "a", lambda x: x)
    assert stem.filter("a", "b", "a", big).output("b")([1, 2, 3]).to_list() == [[2], [3]]
    total = pipe.input("x").map("x", "y", sum).output("y")
    assert stem.window("a", "s", 2, 2, total).output("s")([1, 2, 3]).to_list() == [[3], [3]]
    assert stem.window_all("a", "s", total).output("s")([1, 2, 3]).to_list() == [[6]]


def test_columns_of_an_inner_pipeline_are_bound_by_position() -> None:
    two = pipe.input("x", "y").map(("x", "y"), ("s", "d"), lambda x, y: (x + y, x - y)).output("s", "d")
    assert pipe.input("a", "b").map(("a", "b"), ("c", "d"), two).output("c", "d")(5, 3).get() == [8, 2]
    assert pipe.input("a", "b").map(("a", "b"), "c", two).output("c")(5, 3).get() == [(8, 2)]
    one = pipe.input("x").map("x", "y", LIST).output("y")
    assert pipe.input("a", "b").map(("a", "b"), "c", one).output("c")(1, 2).get() == [[1, 2]]
    many = pipe.input("x", "y").map(("x", "y"), "z", lambda pair: sum(pair)).output("z")
    assert pipe.input("a").map("a", "c", many).output("c")((1, 2)).get() == [3]
    with pytest.raises(AssertionError):
        pipe.input("a", "b", "c").map(("a", "b", "c"), "d", two)


# ---- config, files, tables, types


def test_configs_have_towhees_keys() -> None:
    assert AutoConfig.LocalCPUConfig().config == {"device": -1}
    merged = AutoConfig.LocalGPUConfig(1) + AutoConfig.TritonGPUConfig(max_batch_size=4)
    assert isinstance(merged, TowheeConfig) and merged.config["device"] == 1
    assert merged.config["server"] == {
        "device_ids": [0],
        "num_instances_per_device": 1,
        "max_batch_size": 4,
        "batch_latency_micros": None,
        "triton": {"preferred_batch_size": None},
    }
    assert AutoConfig.load_config("LocalGPUConfig", device=3).config == {"device": 3}
    with pytest.raises(OSError):
        AutoConfig()
    with pytest.raises(RuntimeError, match="hub"):
        AutoConfig.load_config("no_such_config")


def test_pipelines_are_loaded_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from pipit.towhee import AutoConfig, AutoPipes, pipe\n"
        "@AutoConfig.register\n"
        "class Config:\n"
        "    def __init__(self, step=1):\n"
        "        self.step = step\n"
        "@AutoPipes.register\n"
        "def make(config):\n"
        "    return pipe.input('a').map('a', 'b', lambda a: a + config.step).output('b')\n"
    )
    name = str(tmp_path / "mine.py")
    config = AutoConfig.load_config(name, step=5)
    assert AutoPipes.pipeline(name, config)(1).get() == [6]


def test_a_collection_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    p = pipe.input("a").flat_map("a", "b", lambda a: a).output("a", "b")
    rows = DataCollection(p([1, 2, 3]))
    assert len(rows) == 3 and rows[-1].b == 3 and rows[0]["b"] == 1
    assert repr(rows) == "<DataCollection Schema[a: ColumnType.SCALAR, b: ColumnType.QUEUE] SIZE 3>"
    assert repr(rows[0]) == "<Entity dict_keys(['a', 'b'])>" and str(rows[0]) == "{'a': [1, 2, 3], 'b': 1}"
    assert [row.b for row in rows[1:]] == [2, 3] and len(rows + rows) == 6
    again = DataCollection.from_dict(rows.to_dict())
    assert [row.b for row in again] == [1, 2, 3] and repr(again) == repr(rows)
    entity = Entity(a=1)
    entity.combine(Entity(b=2))
    assert entity.b == 2
    rows.show(limit=1)
    assert capsys.readouterr().out == (
        "+-----------+---+\n| a         | b |\n+===========+===+\n| [1, 2, 3] | 1 |\n+-----------+---+\n"
    )
    inner = pipe.input("rows").flat_map("rows", "row", lambda r: r).map("row", "b", lambda row: row.b).output("b")
    assert inner(rows).to_list() == [[1], [2], [3]]


def test_a_loader_parses_and_batches() -> None:
    assert list(DataLoader(range(5), parser=lambda x: x * 2)) == [0, 2, 4, 6, 8]
    assert list(DataLoader(lambda: iter("abc"), batch_size=2)) == [["a", "b"], ["c"]]
    with pytest.raises(RuntimeError):
        list(DataLoader(3))  # type: ignore[arg-type]


def test_arrays_know_what_they_are_of() -> None:
    image = Image(np.zeros((2, 3, 3), np.uint8), "RGB")
    assert (image.mode, image.width, image.height, image.channel) == ("RGB", 3, 2, 3)
    assert image[:1].mode == "RGB" and np.zeros(2).view(Image).mode is None
    frame = VideoFrame(np.zeros((2, 2, 3), np.uint8), "RGB", 40, 1)
    again = pickle.loads(pickle.dumps(frame))
    assert (again.mode, again.timestamp, again.key_frame) == ("RGB", 40, 1) and np.array_equal(again, frame)
    assert AudioFrame(np.zeros(4), 16000).sample_rate == 16000


# ---- the examples of video and image search, offline, with weights from the disk


def test_text_video_retrieval_runs_offline() -> None:
    load = (
        pipe.input("folder")
        .flat_map("folder", "path", lambda folder: sorted(Path(folder).glob("*.mp4")))
        .map("path", "frames", ops.video_decode.ffmpeg(sample_type="uniform_temporal_subsample", args={"num_samples": 12}))
        .map("frames", "vec", ops.video_text_embedding.clip4clip(model_name="auto", modality="video", weight_path=WEIGHTS))
        .output("path", "vec")
    )
    rows = DataCollection(load(CLIPS[0].parent))
    assert len(rows) == len(CLIPS)
    vectors = np.stack([row.vec for row in rows])
    search = (
        pipe.input("text")
        .map("text", "vec", ops.video_text_embedding.clip4clip(model_name="auto", modality="text", weight_path=WEIGHTS))
        .map("vec", "best", lambda vec: rows[int(np.argmax(vectors @ vec))].path.name)
        .output("best")
    )
    assert search("a big red square moving up and down").get() == ["3-big-red-square-vertical.mp4"]


def test_text_image_search_runs_offline(tmp_path: Path) -> None:
    decode = ops.video_decode.ffmpeg(sample_type="uniform_temporal_subsample", args={"num_samples": 1})
    for clip in CLIPS:
        import PIL.Image

        frame = next(iter(decode(clip)))
        assert frame.mode == "RGB" and isinstance(frame, VideoFrame)
        PIL.Image.fromarray(np.asarray(frame)).save(tmp_path / (clip.stem + ".png"))
    p = (
        pipe.input("path")
        .map("path", "image", ops.image_decode.cv2("rgb"))
        .map("image", "vec", ops.image_text_embedding.clip(model_name="auto", modality="image", checkpoint_path=WEIGHTS))
        .map("vec", "vec", ops.towhee.np_normalize())
        .output("vec")
    )
    vectors = np.stack([queue.get()[0] for queue in p.batch([str(tmp_path / (clip.stem + ".png")) for clip in CLIPS])])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    text = (
        pipe.input("text")
        .map("text", "vec", ops.image_text_embedding.clip(model_name="auto", modality="text", checkpoint_path=WEIGHTS))
        .map("vec", "vec", lambda vec: vec / np.linalg.norm(vec))
        .output("vec")
    )
    asked = text("a big red square").get()
    assert asked is not None and asked[0].shape == vectors[0].shape


def test_a_picture_has_the_order_of_its_mode(tmp_path: Path) -> None:
    import PIL.Image

    file = tmp_path / "red.png"
    PIL.Image.new("RGB", (4, 4), (255, 0, 0)).save(file)
    bgr, rgb = ops.image_decode.cv2()(str(file)), ops.image_decode.cv2_rgb()(file.read_bytes())
    assert bgr.mode == "BGR" and tuple(bgr[0, 0]) == (0, 0, 255)
    assert rgb.mode == "RGB" and tuple(rgb[0, 0]) == (255, 0, 0)
    with pytest.raises(RuntimeError, match="is a URL, which pipit does not fetch"):
        ops.image_decode.cv2()("https://example.org/a.png")
    with pytest.raises(RuntimeError):
        ops.image_decode.cv2()(str(tmp_path / "none.png"))
    with pytest.raises(RuntimeError, match="mode is 'BGR' or 'RGB'"):
        ops.image_decode.cv2("xyz").get_op()
    with pytest.raises(RuntimeError, match="needs weights from your disk"):
        ops.image_text_embedding.clip(model_name="clip_vit_base_patch16").get_op()
