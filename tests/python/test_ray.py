"""Ray Data over two raylets, one of which is killed: every clip once, failed ones as rows."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

import pipit.ray
from conftest import CLIPS, PIPELINES, WEIGHTS


def test_a_run_takes_batches_and_keeps_their_columns() -> None:
    run = pipit.ray.Run(PIPELINES / "text_embedding.yaml", set={"vars.weights": WEIGHTS}, threads=1)
    table = run({"text": np.array(["a", "b"], dtype=object), "id": np.array([7, 8])})
    assert table["id"].to_pylist() == [7, 8] and table["text"].to_pylist() == ["a", "b"]
    assert table["vec"].null_count == 0 and table["error_code"].null_count == 2
    with pytest.raises(ValueError, match=r"the pipeline takes \['text'\]; the batch has no \['text'\], but \['id'\]"):
        run({"id": np.array([7])})


def test_a_raylet_that_is_killed_costs_no_rows(tmp_path: Path) -> None:
    os.environ["RAY_DEDUP_LOGS"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    clips = [str(CLIPS[i % len(CLIPS)]) if i % 25 else str(Path(__file__)) for i in range(500)]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200 << 20})
    try:
        other = cluster.add_node(num_cpus=1, object_store_memory=200 << 20)
        ray.init(address=cluster.address, log_to_driver=False, runtime_env={"env_vars": dict(os.environ)})
        ray.data.DataContext.get_current().enable_progress_bars = False
        killed = threading.Event()
        results = tmp_path / "vectors"

        def kill() -> None:
            while not list(results.rglob("*.parquet")):
                if killed.wait(0.05):
                    return
            cluster.remove_node(other, allow_graceful=False)
            killed.set()

        killer = threading.Thread(target=kill)
        killer.start()
        options: dict[str, Any] = {"pipeline": str(PIPELINES / "video_embedding.yaml"), "set": {"vars.weights": WEIGHTS}}
        items = [{"item": i, "path": clip} for i, clip in enumerate(clips)]
        ray.data.from_items(items, override_num_blocks=50).map_batches(
            pipit.ray.Run, fn_constructor_kwargs=options, batch_size=10, concurrency=(1, 2), num_cpus=0.5
        ).write_parquet(str(results))
        was_killed = killed.is_set()
        killed.set()
        killer.join()
        assert was_killed
        table = pyarrow.parquet.read_table(results)
        assert sorted(table["item"].to_pylist()) == list(range(500))
        failed = {item for item, code in zip(table["item"].to_pylist(), table["error_code"].to_pylist()) if code}
        assert failed == {i for i in range(500) if i % 25 == 0}
    finally:
        ray.shutdown()
        cluster.shutdown()
