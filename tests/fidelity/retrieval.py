"""Search on the demo's held-out clips: the same ranks as Towhee's model over PyAV's frames, and what `pipit eval` prints of them."""

import json

import numpy
import references
from program import ROOT
from report import Row, bounded

DEMO = ROOT / "pipelines" / "demo"


def reference(rows):
    """Vectors of the clips and of the sentences, float64, by Towhee's CLIP4Clip with the demo's weights."""
    import models
    import reference_tokens
    import torch
    from safetensors.torch import load_file

    state = load_file(DEMO / "clip4clip-shapes.safetensors")
    model = models.Towhee.of_state({name: value.float() for name, value in state.items()})
    tokenizer = reference_tokens.towhee()
    videos = [model.video(references.pixels(references.frames(DEMO / row["path"], 12), model.resolution)) for row in rows]
    texts = [model.text(models.token_ids(tokenizer, row["text"])) for row in rows]
    return torch.stack(videos).double().numpy(), torch.stack(texts).double().numpy()


def recall(similarity):
    """R@1, R@5, R@10, median and mean rank, as `pipit eval retrieval` prints them: rows are queries, row i belongs to column i."""
    right = numpy.diag(similarity)[:, None]
    others = ~numpy.eye(len(similarity), dtype=bool)
    ranks = 1 + ((similarity > right) & others).sum(1) + 0.5 * ((similarity == right) & others).sum(1)
    return [f"{value:.1f}" for value in (*(100 * (ranks <= k).mean() for k in (1, 5, 10)), numpy.median(ranks), ranks.mean())]


def compare(program, work):
    with open(DEMO / "heldout.jsonl") as file:
        rows = [json.loads(line) for line in file]
    files = {}
    for name in ("video", "text"):
        files[name] = work / f"heldout-{name}.jsonl"
        program.call("run", ROOT / "pipelines" / f"{name}_embedding.yaml", "--inputs", "heldout.jsonl", "--output", files[name], "--overwrite", "--set",
                     "vars.weights=clip4clip-shapes.safetensors", "--progress", "off", folder=DEMO)
    printed = program.call("eval", "retrieval", files["text"], files["video"])
    got = {" ".join(words[:3]): words[4:] for words in map(str.split, printed.splitlines()[1:])}

    videos, texts = reference(rows)
    similarity = texts @ videos.T
    against = f"{references.version('towhee')}, {references.version('av')}, {references.version('pillow')}"
    for name, matrix in (("text to video", similarity), ("video to text", similarity.T)):
        wanted = recall(matrix)
        same = got[name] == wanted
        shown = " / ".join(got[name])
        yield Row("retrieval", f"R@1 / R@5 / R@10 / median / mean rank, {name}", against, f"{len(rows)} queries",
                  f"{shown}: {'equal' if same else 'not ' + ' / '.join(wanted)}", "equal to the last digit", same)  # fmt: skip

    ours = {name: numpy.array([json.loads(line)["vec"] for line in open(path)]) for name, path in files.items()}
    worst = max(numpy.abs(ours["video"] - videos).max(), numpy.abs(ours["text"] - texts).max())
    yield bounded("retrieval", "the vectors behind it", against, f"{len(rows)} clips, {len(rows)} sentences", worst, 2e-5)
