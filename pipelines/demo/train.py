"""Makes the demo: renders clips, trains the small CLIP4Clip on them, measures it on held-out ones, writes the files.

    python train.py --cache /tmp/clip4clip-shapes

From this folder; about twenty minutes on two cores. It replaces clip4clip-shapes.safetensors, clips/, clips.jsonl,
heldout/, heldout.jsonl, scenes/, scenes.jsonl, reference.json and recall.json beside this file. The cache holds the decoded training frames
(4.5 GB) and may be deleted; the training clips themselves are deleted as soon as they are decoded.

Python 3.11 with torch 2.11.0, open_clip_torch 3.3.0 (the tokenizer and its vocabulary), ftfy 6.3.1, av 18.1.0,
safetensors 0.8.0, pillow 13.0.0, numpy 2.4.6. Every random choice follows from SEED; another machine's arithmetic may
still round differently, and the weights then differ in their last digits.
"""

import argparse
import dataclasses
import json
import math
import multiprocessing
import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

import model
import render
from model import Architecture, Clip4Clip
from render import ATTRIBUTES, Scene

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE / "clip4clip-shapes.safetensors"
SEED = 20
ARCHITECTURE = Architecture()
HELD_OUT_PAIRS = 4  # colour and shape never seen together
HELD_OUT_COMBINATIONS = 120  # colour, shape, count and motion never seen together
TEST_PAIR_CLIPS, TEST_COMBINATION_CLIPS = 32, 96
DEMO_CLIPS = 8
SCENE_CLIPS, SCENES_OF_A_CLIP = 12, 4


# The split


def held_out_pairs() -> list[tuple[str, str]]:
    random = np.random.default_rng(SEED)
    colours = random.permutation(list(render.COLOURS))[:HELD_OUT_PAIRS]
    shapes = random.permutation(list(render.SHAPES))[:HELD_OUT_PAIRS]
    return [(str(colour), str(shape)) for colour, shape in zip(colours, shapes)]


def split() -> dict[str, list[tuple]]:
    """Combinations for training, and the two held-out kinds in random order."""
    pairs = held_out_pairs()
    rest = [c for c in render.combinations() if c[:2] not in pairs]
    order = np.random.default_rng(SEED + 1).permutation(len(rest))
    pair = [c for c in render.combinations() if c[:2] in pairs]
    pair_order = np.random.default_rng(SEED + 2).permutation(len(pair))
    return {
        "training": [rest[i] for i in order[HELD_OUT_COMBINATIONS:]],
        "combination": [rest[i] for i in order[:HELD_OUT_COMBINATIONS]],
        "pair": [pair[i] for i in pair_order],
    }


def training_scenes(count: int) -> list[Scene]:
    combinations = split()["training"]
    random = np.random.default_rng(SEED + 3)
    return [render.random_scene(combinations[i % len(combinations)], random) for i in range(count)]


def test_scenes() -> list[tuple[str, Scene]]:
    parts, random = split(), np.random.default_rng(SEED + 4)
    kinds = [("combination", c) for c in parts["combination"][:TEST_COMBINATION_CLIPS]]
    kinds += [("pair", c) for c in parts["pair"][:TEST_PAIR_CLIPS]]
    return [(kind, render.random_scene(combination, random)) for kind, combination in kinds]


def demo_scenes() -> list[Scene]:
    """Held-out combinations that the test leaves over; each next one shares the least with those before it."""
    parts, random = split(), np.random.default_rng(SEED + 5)
    left = parts["combination"][TEST_COMBINATION_CLIPS:] + parts["pair"][TEST_PAIR_CLIPS:]
    chosen: list[Scene] = []
    for _ in range(DEMO_CLIPS):
        candidates = [render.random_scene(left[random.integers(len(left))], random) for _ in range(60)]
        shared = [sum(a == b for other in chosen for a, b in zip(s.classes(), other.classes())) for s in candidates]
        chosen.append(candidates[int(np.argmin(shared))])
    return chosen


# The clips


def clip_pixels(path: str) -> np.ndarray:
    _, frames = model.sampled_frames(path)
    return np.stack([model.cropped_frame(frame, ARCHITECTURE.resolution) for frame in frames])


def cache_clip(job: tuple[int, Scene, str]) -> None:
    index, scene, folder = job
    random = np.random.default_rng((SEED, index))
    path = f"{folder}/{index}.mp4"
    crf = int(random.integers(18, 31))
    render.encode_video(path, render.rendered_frames(scene, index), crf, "veryfast")
    frames = np.load(f"{folder}/frames.npy", mmap_mode="r+")
    frames[index] = clip_pixels(path)
    Path(path).unlink()


def training_frames(scenes: list[Scene], folder: Path, workers: int) -> np.ndarray:
    """uint8 [clips, 12, R, R, 3], each clip rendered, encoded, decoded and cropped once."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"done-{len(scenes)}"
    if not done.exists():
        side = ARCHITECTURE.resolution
        shape = (len(scenes), model.NUM_FRAMES, side, side, 3)
        np.lib.format.open_memmap(folder / "frames.npy", mode="w+", dtype=np.uint8, shape=shape).flush()
        jobs = [(index, scene, str(folder)) for index, scene in enumerate(scenes)]
        with multiprocessing.Pool(workers) as pool:
            for count, _ in enumerate(pool.imap_unordered(cache_clip, jobs, chunksize=16), 1):
                if count % 1000 == 0:
                    print(f"rendered {count} training clips", flush=True)
        done.touch()
    return np.load(folder / "frames.npy", mmap_mode="r")


def write_clips(folder: str, rows: list[dict], scenes: list[Scene], first_seed: int, crf: int) -> None:
    (HERE / folder).mkdir(exist_ok=True)
    for index, (row, scene) in enumerate(zip(rows, scenes)):
        frames = render.rendered_frames(scene, first_seed + index)
        render.encode_video(str(HERE / row["path"]), frames, crf, "slow")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (HERE / f"{folder}.jsonl").write_text(lines)


def write_demo_clips() -> None:
    scenes = demo_scenes()
    rows = []
    for scene in scenes:
        name = f"{scene.count}-{scene.size}-{scene.colour}-{scene.shape}-{scene.motion}"
        rows.append({"id": name, "path": f"clips/{name}.mp4", "text": render.plain_caption(scene)})
    write_clips("clips", rows, scenes, 1_000_000, crf=23)


def write_test_clips() -> None:
    random = np.random.default_rng(SEED + 7)
    kinds, scenes = zip(*test_scenes())
    rows = []
    for index, (kind, scene) in enumerate(zip(kinds, scenes)):
        rows.append({
            "id": f"{index:03}",
            "path": f"heldout/{index:03}.mp4",
            "text": render.caption(scene, set(ATTRIBUTES), random),
            "new_wording": render.caption(scene, set(ATTRIBUTES), random, render.HELD_OUT_TEMPLATES),
            "held_out": kind,
        })
    write_clips("heldout", rows, list(scenes), 2_000_000, crf=27)


def write_scene_clips() -> None:
    """Clips of several scenes, so that a search can be wrong about when: held-out combinations that the test leaves over."""
    parts, random = split(), np.random.default_rng(SEED + 9)
    left = parts["combination"][TEST_COMBINATION_CLIPS:] + parts["pair"][TEST_PAIR_CLIPS:]
    order = random.permutation(len(left))[: SCENE_CLIPS * SCENES_OF_A_CLIP]
    scenes = [render.random_scene(left[i], random) for i in order]
    (HERE / "scenes").mkdir(exist_ok=True)
    rows = []
    for clip in range(SCENE_CLIPS):
        size, frames = render.pick(render.FRAME_SIZES, random), []
        for number in range(SCENES_OF_A_CLIP):
            scene = scenes[clip * SCENES_OF_A_CLIP + number]
            count = int(random.integers(3 * render.FRAME_RATE, 7 * render.FRAME_RATE + 1))
            start = round(1000 * len(frames) / render.FRAME_RATE)
            frames += render.rendered_frames(scene, 3_000_000 + len(rows), size, count)
            end = round(1000 * len(frames) / render.FRAME_RATE)
            rows.append({"text": render.plain_caption(scene), "path": f"scenes/{clip:02}.mp4", "start_ms": start, "end_ms": end})
        render.encode_video(str(HERE / f"scenes/{clip:02}.mp4"), frames, 27, "slow")
    (HERE / "scenes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


# Training


class AttributeHeads(nn.Module):
    """Reads each attribute off a vector, a video's or a text's. Helps training, and is thrown away after it."""

    def __init__(self, embed: int):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(embed, len(values)) for values in ATTRIBUTES.values())

    def loss(self, vectors: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """Class -1 is an attribute that the sentence does not tell."""
        each = [F.cross_entropy(head(8 * vectors), classes[:, i], ignore_index=-1) for i, head in enumerate(self.heads)]
        return torch.stack(each).nan_to_num().mean()


def batch_rows(classes: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """Groups of eight clips that share some attributes, so that the negatives in a batch are hard."""
    rows = []
    while len(rows) < size:
        anchor = classes[random.integers(len(classes))]
        shared = random.permutation(classes.shape[1])[: random.integers(1, 5)]
        alike = np.flatnonzero((classes[:, shared] == anchor[shared]).all(axis=1))
        rows.extend(random.choice(alike, min(8, len(alike)), replace=False))
    return np.array(rows[:size])


def batch_pixels(frames: np.ndarray, rows: np.ndarray, count: int, random: np.random.Generator) -> torch.Tensor:
    """Some frames of each clip, mirrored, shifted and relit at random."""
    clips = []
    for row in rows:
        clip = frames[row, np.sort(random.permutation(frames.shape[1])[:count])]
        clip = np.pad(clip, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
        y, x = random.integers(0, 9, 2)
        clip = clip[:, y : y + frames.shape[2], x : x + frames.shape[3]]
        clips.append(clip[:, :: pick_sign(random), :: pick_sign(random)])
    pixels = model.normalized_pixels(torch.from_numpy(np.stack(clips)))
    gain = torch.from_numpy(random.uniform(0.88, 1.12, (len(rows), 1, 1, 1, 1)).astype(np.float32))
    offset = torch.from_numpy(random.uniform(-0.15, 0.15, (len(rows), 1, 3, 1, 1)).astype(np.float32))
    return pixels * gain + offset


def pick_sign(random: np.random.Generator) -> int:
    return 1 if random.random() < 0.5 else -1


def batch_texts(scenes: list[Scene], random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows, and the classes that each sentence tells (-1: untold). Now and then a stray word is put in."""
    tokens, told = [], []
    for scene in scenes:
        text, said = render.training_caption(scene, random)
        row = model.token_row(text)
        if random.random() < 0.15:
            end = row.index(model.END_TOKEN)
            row.insert(int(random.integers(1, end + 1)), int(random.integers(0, model.START_TOKEN)))
            row.pop()
        tokens.append(row)
        told.append([c if name in said or name == "count" else -1 for name, c in zip(ATTRIBUTES, scene.classes())])
    return torch.tensor(tokens), torch.tensor(told)


def contrastive_loss(videos: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor, told: torch.Tensor,
                     classes: torch.Tensor) -> torch.Tensor:
    """CLIP's symmetric loss; another clip that a sentence describes just as well is not its negative."""
    logits = scale * texts @ videos.T
    same = ((told[:, None] == classes[None]) | (told[:, None] < 0)).all(dim=2)
    same &= ~torch.eye(len(same), dtype=torch.bool)
    logits = logits.masked_fill(same, -1e4)
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def optimizer(clip: nn.Module, heads: nn.Module, rate: float) -> torch.optim.Optimizer:
    decayed, plain = [], []
    for name, parameter in [*clip.named_parameters(), *heads.named_parameters()]:
        matrix = parameter.ndim >= 2 and "embedding" not in name
        (decayed if matrix else plain).append(parameter)
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def rate_factor(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / 100)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def trained_model(scenes: list[Scene], frames: np.ndarray, steps: int, batch: int, count: int,
                  rate: float) -> Clip4Clip:
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED + 8)
    network = Clip4Clip(ARCHITECTURE)
    clip, heads = network.clip, AttributeHeads(ARCHITECTURE.embed)
    all_classes = np.array([scene.classes() for scene in scenes])
    optim = optimizer(clip, heads, rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optim, lambda step: rate_factor(step, steps))
    started = time.time()
    for step in range(steps):
        rows = batch_rows(all_classes, batch, random)
        classes = torch.from_numpy(all_classes[rows])
        pixels = batch_pixels(frames, rows, count, random)
        tokens, told = batch_texts([scenes[row] for row in rows], random)
        with torch.autocast("cpu", torch.bfloat16):
            videos, texts = clip.video_vectors(pixels), clip.text_vectors(tokens)
        videos, texts = videos.float(), texts.float()
        matching = contrastive_loss(videos, texts, clip.logit_scale.exp(), told, classes)
        seen, read = heads.loss(videos, classes), heads.loss(texts, told)
        optim.zero_grad()
        (matching + seen + read).backward()
        nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
        optim.step()
        schedule.step()
        with torch.no_grad():
            clip.logit_scale.clamp_(max=math.log(100))
        if step % 25 == 24:
            print(f"step {step + 1}: matching {matching:.3f}, attributes of videos {seen:.3f}, of texts {read:.3f}, "
                  f"{(time.time() - started) / (step + 1):.2f} s a step", flush=True)
    return network


# Weights, recall, reference


def write_weights(network: Clip4Clip) -> None:
    tensors = {name: value.detach().half().contiguous() for name, value in network.state_dict().items()}
    metadata = {"format": "pt", "pipit": "clip4clip-shapes", "head": "meanP", "activation": "quick_gelu",
                **ARCHITECTURE.metadata()}
    safetensors.torch.save_file(tensors, WEIGHTS, metadata)
    WEIGHTS.chmod(0o644)


def read_weights() -> Clip4Clip:
    """The fp16 weights as written, for arithmetic in fp32."""
    network = Clip4Clip(ARCHITECTURE)
    network.load_state_dict({name: value.float() for name, value in safetensors.torch.load_file(WEIGHTS).items()})
    return network.eval()


def read_rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


@torch.no_grad()
def video_matrix(network: Clip4Clip, rows: list[dict]) -> torch.Tensor:
    pixels = [model.normalized_pixels(torch.from_numpy(clip_pixels(str(HERE / row["path"])))) for row in rows]
    return torch.cat([network.clip.video_vectors(clip[None]) for clip in pixels])


@torch.no_grad()
def text_matrix(network: Clip4Clip, texts: list[str]) -> torch.Tensor:
    return network.clip.text_vectors(torch.tensor([model.token_row(text) for text in texts]))


def recall(similarity: torch.Tensor, rows: list[bool] | None = None) -> dict[str, float]:
    """Row i's right answer is column i; a tie counts against it. `rows` are the queries that count."""
    ranks = (similarity >= similarity.diagonal()[:, None]).sum(dim=1).float()
    ranks = ranks if rows is None else ranks[torch.tensor(rows)]
    result = {f"R@{k}": round(100 * (ranks <= k).float().mean().item(), 1) for k in (1, 5, 10)}
    return {"queries": len(ranks), **result, "median rank": ranks.quantile(0.5).item()}


def recall_table(network: Clip4Clip) -> dict[str, dict[str, float]]:
    rows = read_rows("heldout.jsonl")
    videos = video_matrix(network, rows)
    texts = text_matrix(network, [row["text"] for row in rows])
    reworded = text_matrix(network, [row["new_wording"] for row in rows])
    similarity = texts @ videos.T
    return {
        "text to video": recall(similarity),
        "video to text": recall(similarity.T),
        "text to video, new combination": recall(similarity, [row["held_out"] == "combination" for row in rows]),
        "text to video, new pair": recall(similarity, [row["held_out"] == "pair" for row in rows]),
        "text to video, new wording": recall(reworded @ videos.T),
    }


@torch.no_grad()
def attribute_choices(network: Clip4Clip) -> dict[str, dict[str, float]]:
    """For each test clip and attribute: sentences that differ in that attribute alone; how often the right one wins."""
    videos = video_matrix(network, read_rows("heldout.jsonl"))
    scenes = [scene for _, scene in test_scenes()]
    result = {}
    for place, (name, values) in enumerate(ATTRIBUTES.items()):
        right = 0
        for scene, video in zip(scenes, videos):
            texts = [render.plain_caption(dataclasses.replace(scene, **{name: value})) for value in values]
            right += int((text_matrix(network, texts) @ video).argmax()) == scene.classes()[place]
        result[name] = {"right": round(100 * right / len(scenes), 1), "chance": round(100 / len(values), 1)}
    return result


def write_reference(network: Clip4Clip) -> None:
    clips = []
    for row in read_rows("clips.jsonl"):
        indices, _ = model.sampled_frames(str(HERE / row["path"]))
        tokens = model.token_row(row["text"])
        clips.append({
            **row,
            "frames": indices,
            "tokens": tokens[: tokens.index(model.END_TOKEN) + 1],
            "video_vec": [round(x, 7) for x in video_matrix(network, [row])[0].tolist()],
            "text_vec": [round(x, 7) for x in text_matrix(network, [row["text"]])[0].tolist()],
        })
    lines = ",\n".join(json.dumps(clip) for clip in clips)
    scale = network.clip.logit_scale.exp().item()
    (HERE / "reference.json").write_text(f'{{"similarity_scale": {scale:.6f}, "clips": [\n{lines}\n]}}\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for the decoded training frames")
    parser.add_argument("--clips", type=int, default=10000)
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--frames", type=int, default=4, help="frames of each clip in one training step")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stage", choices=("all", "render", "clips", "scenes", "train", "evaluate"), default="all")
    options = parser.parse_args()

    stages = ("render", "clips", "train", "evaluate") if options.stage == "all" else (options.stage,)
    if "clips" in stages:
        write_demo_clips()
        write_test_clips()
    if "clips" in stages or "scenes" in stages:
        write_scene_clips()
    if "render" in stages or "train" in stages:
        scenes = training_scenes(options.clips)
        frames = training_frames(scenes, options.cache, options.workers)
    if "train" in stages:
        write_weights(trained_model(scenes, frames, options.steps, options.batch, options.frames, options.rate))
    if "evaluate" in stages:
        network = read_weights()
        table = {"recall": recall_table(network), "one attribute": attribute_choices(network)}
        (HERE / "recall.json").write_text(json.dumps(table, indent=1) + "\n")
        write_reference(network)
        print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
