"""Vectors that a CUDA device gives, beside the CPU's. Skipped (77) where LibTorch or the machine has no CUDA.

usage: cuda_test.py PIPIT SOURCE TEST_CLIP
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PIPIT, SOURCE, TEST_CLIP = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
WEIGHTS = SOURCE / "pipelines/demo/clip4clip-shapes.safetensors"
SENTENCES = ["a red circle", "two small green crosses", "a big white star that moves slowly over a black background, then blinks, and at last is gone " * 2]


def run(kind, device, dtype="float32"):
    """The vectors of the demo's clips, or of sentences of several lengths; what is said, and the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        items = [{"path": str(clip)} for clip in sorted((SOURCE / "pipelines/demo/clips").glob("*.mp4"))] if kind == "video" else [{"text": text} for text in SENTENCES]
        pathlib.Path(folder, "in.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
        words = [PIPIT, "run", SOURCE / f"pipelines/{kind}_embedding.yaml", "--inputs", "in.jsonl", "--set", f"embed.device={device}", "--set", f"embed.dtype={dtype}"]
        done = subprocess.run(list(map(str, words)), cwd=folder, env={**os.environ, "PIPIT_WEIGHTS": str(WEIGHTS)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return [json.loads(line)["vec"] for line in done.stdout.splitlines()], done.stderr, done.returncode


def dot(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


class Cuda(unittest.TestCase):
    def test_vectors_are_the_cpus(self):
        for kind in ("text", "video"):
            expected, said, status = run(kind, "cpu")
            self.assertEqual(status, 0, said)
            for device, dtype, apart in (("cuda", "float32", 1e-4), ("cuda:0", "float16", 5e-3), ("cuda", "bfloat16", 4e-2), ("cuda", "auto", 4e-2)):
                with self.subTest(kind=kind, dtype=dtype):
                    vectors, said, status = run(kind, device, dtype)
                    self.assertEqual((status, len(vectors)), (0, len(expected)), said)
                    self.assertLessEqual(max(abs(a - b) for ours, theirs in zip(vectors, expected, strict=True) for a, b in zip(ours, theirs, strict=True)), apart)
                    self.assertGreaterEqual(min(dot(ours, theirs) for ours, theirs in zip(vectors, expected, strict=True)), 0.999)

    def test_heads_and_activations_are_the_references(self):
        """Towhee's, transformers' and torch.nn's vectors of made-up weights, within what is asked of the CPU."""
        cases = "model: * Towhee's,model: * torch.nn *,model: a Hugging Face file *,model: features of frames *"
        done = subprocess.run([TEST_CLIP, f"--test-case={cases}"], env={**os.environ, "PIPIT_TEST_DEVICE": "cuda"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"test cases: +8 \| +8 passed")

    def test_what_the_device_cannot_do_is_refused(self):
        for device, dtype, message in (("cuda:99", "float32", r"device 'cuda:99' is not there; this machine has cpu, cuda:0(, cuda:\d+)*"),
                                       ("cuda", "int8", "8-bit weights are for the CPU, device is 'cuda'; take float16, bfloat16 or float32 and a file that holds such weights")):
            _, said, status = run("text", device, dtype)
            self.assertEqual(status, 2)
            self.assertTrue(re.fullmatch(rf".*: node 'embed': {message}\n", said), said)


if __name__ == "__main__":
    _, said, status = run("text", "cuda")
    if status != 0 and ("needs the CUDA half of LibTorch" in said or "this machine has cpu\n" in said):
        print(said, end="")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
