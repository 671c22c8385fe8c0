"""A small CLIP4Clip in plain PyTorch, with the parameter names of CLIP4Clip's own pytorch_model.bin.

This is the training model and the independent reference for the C++ operator: tokens, frames, both towers and the
meanP pooling are written here once more, from the definitions, without the runtime.
"""

from dataclasses import asdict, dataclass

import av
import numpy as np
import torch
import torch.nn.functional as F
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image
from torch import nn

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
START_TOKEN, END_TOKEN = 49406, 49407
MAX_WORDS = 32
NUM_FRAMES = 12


@dataclass(frozen=True)
class Architecture:
    embed: int = 128
    resolution: int = 112
    patch: int = 16
    vision_width: int = 128
    vision_layers: int = 4
    text_width: int = 128
    text_layers: int = 2
    context: int = 77
    vocabulary: int = 49408

    def metadata(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}


class QuickGelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Heads are 64 wide, CLIP's own rule."""

    def __init__(self, width: int):
        super().__init__()
        self.heads = width // 64
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, causal: bool) -> torch.Tensor:
        rows, tokens, width = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = qkv.view(rows, tokens, 3, self.heads, 64).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out_proj(y.transpose(1, 2).reshape(rows, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.gelu = QuickGelu()
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.c_proj(self.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.attn = Attention(width)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = Mlp(width)
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, causal: bool) -> torch.Tensor:
        x = x + self.attn(self.ln_1(x), causal)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width: int, layers: int):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width) for _ in range(layers))

    def forward(self, x: torch.Tensor, causal: bool = False) -> torch.Tensor:
        for block in self.resblocks:
            x = block(x, causal)
        return x


class Vision(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        width, scale = arch.vision_width, arch.vision_width**-0.5
        patches = (arch.resolution // arch.patch) ** 2
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn(patches + 1, width))
        self.proj = nn.Parameter(scale * torch.randn(width, arch.embed))
        self.conv1 = nn.Conv2d(3, width, arch.patch, arch.patch, bias=False)
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, arch.vision_layers)
        self.ln_post = nn.LayerNorm(width)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        x = self.conv1(frames).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], dim=1)
        x = self.transformer(self.ln_pre(x + self.positional_embedding))
        return self.ln_post(x[:, 0]) @ self.proj


class Clip(nn.Module):
    def __init__(self, arch: Architecture):
        super().__init__()
        width = arch.text_width
        self.visual = Vision(arch)
        self.transformer = Transformer(width, arch.text_layers)
        self.token_embedding = nn.Embedding(arch.vocabulary, width)
        self.positional_embedding = nn.Parameter(0.01 * torch.randn(arch.context, width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(width**-0.5 * torch.randn(width, arch.embed))
        self.logit_scale = nn.Parameter(torch.tensor(np.log(1 / 0.07), dtype=torch.float32))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def frame_vectors(self, frames: torch.Tensor) -> torch.Tensor:
        return F.normalize(self.visual(frames), dim=-1)

    def video_vectors(self, frames: torch.Tensor) -> torch.Tensor:
        """meanP: frames [videos, frames, 3, R, R] to [videos, embed]."""
        videos, count = frames.shape[:2]
        each = self.frame_vectors(frames.flatten(0, 1)).view(videos, count, -1)
        return F.normalize(each.mean(dim=1), dim=-1)

    def text_vectors(self, tokens: torch.Tensor) -> torch.Tensor:
        """The feature stands at the first end token; nothing after it matters."""
        last = (tokens == END_TOKEN).int().argmax(dim=1)
        tokens = tokens[:, : int(last.max()) + 1]
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        x = self.ln_final(self.transformer(x, causal=True))
        return F.normalize(x[torch.arange(len(x)), last] @ self.text_projection, dim=-1)


class Clip4Clip(nn.Module):
    """meanP has no tensors of its own: the whole model lies under `clip.`."""

    def __init__(self, arch: Architecture):
        super().__init__()
        self.clip = Clip(arch)


TOKENIZER = SimpleTokenizer()


def token_row(text: str) -> list[int]:
    words = TOKENIZER.encode(text)[: MAX_WORDS - 2]
    row = [START_TOKEN, *words, END_TOKEN]
    return row + [0] * (MAX_WORDS - len(row))


def uniform_indices(total: int, count: int = NUM_FRAMES) -> list[int]:
    return np.linspace(0, total - 1, count).astype(int).tolist()


def sampled_frames(path: str, count: int = NUM_FRAMES) -> tuple[list[int], list[np.ndarray]]:
    """uniform_temporal_subsample: the frame indices and the RGB frames."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        duration = container.duration / av.time_base
        indices = uniform_indices(int(round(duration * float(stream.average_rate))), count)
        wanted, frames = set(indices), {}
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                frames[index] = frame.to_ndarray(format="rgb24")
    return indices, [frames[index] for index in indices]


def cropped_frame(frame: np.ndarray, resolution: int) -> np.ndarray:
    """Short side to the resolution with PIL's bicubic, then the centre square."""
    height, width = frame.shape[:2]
    short = min(width, height)
    size = (int(resolution * width / short), int(resolution * height / short))
    image = Image.fromarray(frame).resize(size, Image.BICUBIC)
    left, top = round((size[0] - resolution) / 2), round((size[1] - resolution) / 2)
    return np.asarray(image.crop((left, top, left + resolution, top + resolution)))


def normalized_pixels(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [..., R, R, 3] to float32 [..., 3, R, R]."""
    x = pixels.movedim(-1, -3).float() / 255
    mean = torch.tensor(CLIP_MEAN).view(3, 1, 1)
    std = torch.tensor(CLIP_STD).view(3, 1, 1)
    return (x - mean) / std
