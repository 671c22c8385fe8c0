"""Good manners in a process of Python: the GIL, Ctrl-C, fork, threads, the end, one LibTorch."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import pipit
from conftest import PIPELINES, WEIGHTS, one_node


def run(script: str, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=Path(__file__).parent,
    )


def test_other_threads_of_python_go_on_while_a_call_waits() -> None:
    gate = threading.Event()
    entered = threading.Event()
    steps = 0

    def block(value: int) -> bool:
        entered.set()
        return gate.wait(60)

    def count() -> None:
        nonlocal steps
        entered.wait(60)
        while steps < 1000:
            steps += 1
        gate.set()

    with one_node(block, "int", "bool") as pipeline:
        thread = threading.Thread(target=count)
        thread.start()
        # It returns only because the other thread opened the gate while this one waited.
        assert pipeline(value=1)["out"] is True
        thread.join()
    assert steps == 1000


def test_eight_threads_share_one_pipeline() -> None:
    wrong: list[int] = []
    with one_node(lambda value: value + 1, "int", "int", items_in_flight=4) as pipeline:

        def work(start: int) -> None:
            for i in range(start, start + 200):
                if pipeline(value=i)["out"] != i + 1:
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=(n * 1000,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert pipeline.stats()[0]["rows_in"] == 1600


def test_ctrl_c_ends_a_wait_for_an_item() -> None:
    done = run(
        """
        import faulthandler, os, signal, threading, time
        from conftest import one_node
        faulthandler.dump_traceback_later(60, exit=True)  # where it hangs, if it does
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
        gate = threading.Event()
        pipeline = one_node(lambda value: gate.wait(60), "int", "bool", items_in_flight=2)

        def interrupt_soon():
            # Called where the interrupt is caught.
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

        try:
            interrupt_soon()
            for _ in range(3):
                pipeline.submit(value=1)  # the third waits for room
        except KeyboardInterrupt:
            print("interrupted in submit")
        try:
            interrupt_soon()
            gate2 = pipeline.stream({"value": i} for i in range(10))
            next(gate2)
        except KeyboardInterrupt:
            print("interrupted in stream")
        gate.set()
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted in submit\ninterrupted in stream\n", "", 0)


def test_a_child_of_fork_is_told_to_open_its_own() -> None:
    done = run(
        """
        import os
        import pipit
        from conftest import one_node
        pipeline = one_node(lambda value: value, "int", "int")
        assert pipeline(value=1)["out"] == 1
        child = os.fork()
        if child == 0:
            try:
                pipeline(value=2)
            except pipit.Error as error:
                print(error.code, error, flush=True)
            pipeline.close()
            with one_node(lambda value: value * 2, "int", "int") as own:
                print(own(value=2)["out"], flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert pipeline(value=3)["out"] == 3
        """
    )
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout == (
        "unavailable the pipeline was opened before fork() and its threads are not in this process; open it in the child\n4\n"
    )


def test_an_interpreter_that_ends_takes_open_pipelines_along() -> None:
    done = run(
        """
        from conftest import one_node
        import time
        pipeline = one_node(lambda value: time.sleep(0.05) or value, "int", "int")
        futures = [pipeline.submit(value=i) for i in range(20)]
        """
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_opening_and_closing_leaves_no_thread_and_no_memory() -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    def rounds(n: int) -> None:
        for _ in range(n):
            with one_node(lambda value: value, "int", "int") as pipeline:
                assert pipeline(value=1)["out"] == 1

    rounds(200)
    before_threads, before_pages = threads(), pages()
    rounds(1000)
    # A thread that has been joined stays in /proc until the kernel has taken it away.
    for _ in range(100):
        if threads() <= before_threads:
            break
        time.sleep(0.05)
    assert threads() <= before_threads
    assert pages() - before_pages < 2000  # 8 MiB


def test_a_closed_pipeline_says_so() -> None:
    pipeline = one_node(lambda value: value, "int", "int")
    pipeline.close()
    pipeline.close()
    pipeline.cancel()
    with pytest.raises(pipit.Error, match="the pipeline is closed; open another one") as raised:
        pipeline(value=1)
    assert raised.value.code == "unavailable"
    assert pipeline.closed and repr(pipeline) == "<pipit.Pipeline, closed>"


def test_cancel_gives_up_what_is_in_flight() -> None:
    gate = threading.Event()
    pipeline = one_node(lambda value: gate.wait(60), "int", "bool")
    future = pipeline.submit(value=1)
    pipeline.cancel()
    with pytest.raises(pipit.ItemError, match="the run was cancelled"):
        future.result(30)
    gate.set()
    pipeline.close()


def test_an_operator_that_calls_its_own_pipeline_is_refused() -> None:
    held: list[pipit.Pipeline] = []

    def again(value: int) -> int:
        return int(held[0](value=value)["out"])

    with one_node(again, "int", "int") as pipeline:
        held.append(pipeline)
        with pytest.raises(pipit.ItemError, match="an operator of this pipeline cannot give it items") as raised:
            pipeline(value=1)
        assert raised.value.code == "unavailable"
        held.clear()


def test_an_operator_that_exits_fails_its_item_alone() -> None:
    def leave(value: int) -> int:
        if value == 1:
            sys.exit(3)
        return value

    with one_node(leave, "int", "int") as pipeline:
        with pytest.raises(pipit.ItemError, match="SystemExit: 3"):
            pipeline(value=1)
        assert pipeline(value=2)["out"] == 2


@pytest.mark.parametrize("torch_first", [True, False])
def test_there_is_one_libtorch_in_the_process(torch_first: bool) -> None:
    done = run(
        """
        import os, sys
        if sys.argv[3] == "True":
            import torch
        import pipit
        pipeline = pipit.Pipeline(sys.argv[1], set={"vars.weights": sys.argv[2]})
        vec = pipeline(text="a red circle")["vec"]
        import torch
        assert abs(float(torch.from_numpy(vec.copy()).norm()) - 1) < 1e-5
        files = {line.split()[-1] for line in open("/proc/self/maps") if "libtorch_cpu" in line or "libc10.so" in line}
        print(len(files), all(file.startswith(os.path.realpath(torch.__path__[0])) for file in files))
        """,
        str(PIPELINES / "text_embedding.yaml"),
        WEIGHTS,
        str(torch_first),
    )
    assert (done.stdout, done.stderr) == ("2 True\n", "")
