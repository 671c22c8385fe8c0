"""The built program, driven as a user drives it: a pipeline file, items in, JSON lines or an array out."""

import json
import os
import pathlib
import subprocess
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Program:
    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.binary = self.build / "bin" / "pipit"
        self.environment = {**os.environ, "PIPIT_OPERATOR_PATH": str(self.build / "lib" / "pipit" / "fidelity")}

    def call(self, *arguments, statuses=(0,), folder=None):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, env=self.environment, cwd=folder)
        if done.returncode not in statuses:
            raise RuntimeError(f"pipit {' '.join(map(str, arguments))}: exit status {done.returncode}\n{done.stderr}")
        return done.stdout

    def run(self, inputs, nodes, outputs, items, threads=None, array=False, stats=False, may_fail=False):
        """Runs a pipeline over items. Gives a dictionary an item; with `array` the one tensor output as a NumPy array; with `stats` also what
        --stats wrote."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            # JSON is YAML.
            pipeline = {"pipit": 1, "name": "fidelity", "inputs": inputs, "nodes": nodes, "outputs": outputs}
            (folder / "pipeline.yaml").write_text(json.dumps(pipeline))
            (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
            out = folder / ("out.npy" if array else "out.jsonl")
            arguments = ["run", folder / "pipeline.yaml", "--inputs", folder / "items.jsonl", "--output", out, "--progress", "off"]
            if threads:
                arguments += ["--threads", threads]
            if stats:
                arguments += ["--stats", folder / "stats.json"]
            self.call(*arguments, statuses=(0, 1) if may_fail else (0,))
            result = numpy.load(out) if array else [json.loads(line) for line in out.read_text().splitlines()]
            return (result, json.loads((folder / "stats.json").read_text())) if stats else result

    def knows(self, operator, argument, choice):
        """Whether an operator's argument can be `choice`, for what later versions add."""
        signature = json.loads(self.call("inspect", operator, "--json"))
        return any(a["name"] == argument and choice in a["type"] for a in signature["arguments"])


def node(op, into, out, **args):
    return {"name": out, "op": op, "in": into, "out": out, "args": args}
