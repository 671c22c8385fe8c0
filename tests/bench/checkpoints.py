"""Time and memory from a weight file to a sentence's vector, for each container, beside torch.load + load_state_dict. Prints the table of
docs/weights.md.

    PYTHONPATH=tests/fidelity .deps/fidelity/bin/python tests/bench/checkpoints.py     # after ./dev fidelity and ./dev build

Both are processes of their own; files are in the page cache; the least of several runs, taken in turns.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = 3


def theirs(path):
    """Seconds of loading alone, imports done and the model made; peak memory of the process in MB."""
    import open_clip
    import safetensors.torch
    import torch

    model = open_clip.create_model("ViT-B-32-quickgelu").eval()
    start = time.perf_counter()
    if path.endswith(".safetensors"):
        weights = safetensors.torch.load_file(path)
    elif path.endswith(".jit"):
        weights = torch.jit.load(path).state_dict()
    else:
        weights = torch.load(path, weights_only=True)
    model.load_state_dict(weights, strict=False)
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def ours(path, cache):
    """Seconds of the whole process, from its start to the vector; its peak memory in MB."""
    arguments = [ROOT / "build/release/bin/pipit", "run", ROOT / "pipelines/text_embedding.yaml", "--input", "text=a red circle",
                 "--set", f"embed.weight_path={path}", "--progress", "off", "--output", "/dev/null"]  # fmt: skip
    start = time.perf_counter()
    process = subprocess.Popen(arguments, env={**os.environ, "PIPIT_CACHE": cache})
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{path}: status {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def apart(*arguments):
    """One measurement in a process of its own: what a process has used before it becomes another program counts as the other's."""
    run = subprocess.run([sys.executable, "-W", "ignore", __file__, *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def main():
    sys.path.insert(0, str(ROOT / "tests" / "fidelity"))
    import checkpoints
    import models
    import open_clip
    import safetensors.torch
    import torch

    with models.without_initialisation():
        model = open_clip.create_model("ViT-B-32-quickgelu")
    models.fill(model)
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "attn_mask"}
    half = {name: tensor.half() for name, tensor in weights.items()}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = {"safetensors, float32": folder / "a.safetensors", "torch.save, float32": folder / "b.pth", "torch.save, float16": folder / "c.pth",
                 "torch.save of old, float32": folder / "d.pth", "TorchScript, float32": folder / "e.jit"}  # fmt: skip
        safetensors.torch.save_file(weights, files["safetensors, float32"])
        torch.save(weights, files["torch.save, float32"])
        torch.save(half, files["torch.save, float16"])
        torch.save(weights, files["torch.save of old, float32"], _use_new_zipfile_serialization=False)
        checkpoints.traced(model).save(str(files["TorchScript, float32"]))
        del model, weights, half
        print("| file | pipit, first run | every later run | no cache | peak memory | torch.load + load_state_dict | its process's peak |")
        print("|---|---|---|---|---|---|---|")
        for what, path in files.items():
            first = apart("ours", path, folder / "cache")[0]
            later, none, other = [], [], []
            for _ in range(ROUNDS):
                later.append(apart("ours", path, folder / "cache"))
                none.append(apart("ours", path, "off"))
                other.append(apart("theirs", path))
            seconds, memory = min(s for s, _ in later), min(m for _, m in later)
            print(f"| {what} | {first:.2f} s | {seconds:.2f} s | {min(s for s, _ in none):.2f} s | {memory:.0f} MB "
                  f"| {min(s for s, _ in other):.2f} s | {min(m for _, m in other):.0f} MB |")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({"ours": ours, "theirs": theirs}[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
