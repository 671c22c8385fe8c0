"""Vectors that other implementations compute from made-up weights."""

import json

import made_up
import numpy
import torch

EMBED = 128
VISION = {"image_resolution": 64, "vision_layers": 2, "vision_width": 128, "vision_patch_size": 16}
TEXT = {"context_length": 77, "vocab_size": 49408, "transformer_width": 128, "transformer_heads": 2, "transformer_layers": 2}
END = 49407
SENTENCES = [
    [49406, END],
    [49406, 1911, 9879, 537, 1629, 593, 518, 4558, END],
    [49406, 320, 2368, 1611, 12609, END],
    [49406, 320, END, 2368, END],  # the first end counts
    [49406] + list(range(1000, 1030)) + [END],
    [49406] + list(range(40000, 40000 - 75 * 7, -7)) + [END],
]
CLIPS = [1, 3, 12]


def fill(model, prefix="", dtype=torch.float32):
    """Made-up weights for every tensor, rounded to what the file will hold. Returns the shapes by name."""
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("position_ids")}
    filled = {k: torch.from_numpy(made_up.weights(prefix + k, tuple(v.shape))).to(dtype).float() for k, v in state.items()}
    model.load_state_dict(filled, strict=False)
    model.eval()
    return {prefix + k: list(v.shape) for k, v in state.items()}


def pixels(name, frames):
    from torchvision.transforms import Normalize

    x = torch.from_numpy(made_up.pictures(name, frames, VISION["image_resolution"])).permute(0, 3, 1, 2).contiguous()
    x = x.to(torch.get_default_dtype()).div(255)
    return Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))(x)


def padded(sentences):
    return torch.tensor([s + [0] * (77 - len(s)) for s in sentences])


def normal(x):
    return x / x.norm(dim=-1, keepdim=True)


def rounded(x):
    return [[float("%.9g" % v) for v in row] for row in numpy.atleast_2d(x.float().numpy())]


def write(out, name, shapes, dtype, clips, texts, more):
    fixture = {"dtype": dtype, "tensors": shapes, "resolution": VISION["image_resolution"], "clips": clips, "sentences": texts, **more}
    with open(out / f"{name}.json", "w") as file:
        json.dump(fixture, file, separators=(",", ":"))
        file.write("\n")


def clips_of(features_of, raw=False):
    """For each number of frames the vector, from frame features [frames, embed] by CLIP4Clip's pooling or by the plain mean."""
    clips = []
    for frames in CLIPS:
        features = features_of(pixels(f"clip {frames}", frames))
        clip = {"frames": frames, "vector": rounded(normal(normal(features).mean(0)))[0]}
        if raw:
            clip["raw_vector"] = rounded(normal(features.mean(0)))[0]
        clips.append(clip)
    return clips


def texts_of(vectors):
    return [{"ids": ids, "vector": v} for ids, v in zip(SENTENCES, rounded(normal(vectors)))]


def towhee(out, name, dtype):
    """Towhee's CLIP4Clip, its own pooling."""
    from towhee.models.clip4clip.clip4clip import CLIP4Clip

    model = CLIP4Clip(embed_dim=EMBED, **VISION, **TEXT)
    shapes = fill(model, dtype=dtype)
    clips = []
    for frames in CLIPS:
        mask = torch.ones(1, 12, dtype=torch.long)
        mask[0, frames:] = 0
        video = torch.zeros(1, 1, 1, 12, 3, VISION["image_resolution"], VISION["image_resolution"])
        video[0, 0, 0, :frames] = pixels(f"clip {frames}", frames)
        features = model.get_visual_output(video, mask)
        pooled = model._mean_pooling_for_similarity_visual(normal(features), mask)
        raw = normal(features[0, :frames].mean(0))
        clips.append({"frames": frames, "vector": rounded(normal(pooled))[0], "raw_vector": rounded(raw)[0]})
    texts = texts_of(model.get_sequence_output(padded(SENTENCES)).squeeze(1))
    write(out, name, shapes, "F32" if dtype == torch.float32 else "F16", clips, texts, {})


def hugging_face(out, name):
    """transformers' CLIPModel with the exact GELU, which is OpenCLIP's."""
    from transformers import CLIPConfig, CLIPModel

    vision = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64, "patch_size": 16}
    text = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 2, "eos_token_id": END, "bos_token_id": 49406}
    config = CLIPConfig(vision_config={**vision, "hidden_act": "gelu"}, text_config={**text, "hidden_act": "gelu"}, projection_dim=EMBED)
    model = CLIPModel(config)
    shapes = fill(model)

    def tensor(features):
        return features if isinstance(features, torch.Tensor) else features.pooler_output

    clips = clips_of(lambda x: tensor(model.get_image_features(pixel_values=x)))
    texts = texts_of(tensor(model.get_text_features(input_ids=padded(SENTENCES))))
    write(out, name, shapes, "F32", clips, texts, {"activation": "gelu"})


class Block(torch.nn.Module):
    """A block of CLIP's transformers. In CLIP4Clip's transformerClip LayerNorm's eps is 1e-12, and keys of padding are masked."""

    def __init__(self, width, eps=1e-12):
        super().__init__()
        self.attn = torch.nn.MultiheadAttention(width, width // 64)
        self.ln_1 = torch.nn.LayerNorm(width, eps=eps)
        self.mlp = torch.nn.ModuleDict({"c_fc": torch.nn.Linear(width, 4 * width), "c_proj": torch.nn.Linear(4 * width, width)})
        self.ln_2 = torch.nn.LayerNorm(width, eps=eps)

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        hidden = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](hidden * torch.sigmoid(1.702 * hidden))


class SeqTransf(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.frame_position_embeddings = torch.nn.Embedding(77, EMBED)
        self.transformerClip = torch.nn.Module()
        self.transformerClip.resblocks = torch.nn.ModuleList([Block(EMBED) for _ in range(2)])

    def forward(self, features):
        frames, total = features.size(0), 12
        x = torch.zeros(total, 1, EMBED)
        x[:frames, 0] = features
        mask = torch.zeros(total)
        mask[frames:] = -1000000.0
        y = x + self.frame_position_embeddings.weight[:total].unsqueeze(1)
        for block in self.transformerClip.resblocks:
            y = block(y, mask.expand(EMBED // 64, total, total))
        return (y + x)[:frames, 0]


class SeqLstm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.frame_position_embeddings = torch.nn.Embedding(77, EMBED)
        self.lstm_visual = torch.nn.LSTM(EMBED, EMBED, batch_first=True)

    def forward(self, features):
        return self.lstm_visual(features.unsqueeze(0))[0].squeeze(0) + features


class TransformerAdapter(torch.nn.Module):
    """MMAction2's head (mmaction/models/similarity/adapters.py): no mask, the residual without positions."""

    def __init__(self):
        super().__init__()
        self.adapter = torch.nn.Module()
        self.adapter.positional_embedding = torch.nn.Parameter(torch.zeros(12, EMBED))
        self.adapter.transformer = torch.nn.Module()
        self.adapter.transformer.resblocks = torch.nn.ModuleList([Block(EMBED, eps=1e-5) for _ in range(2)])

    def forward(self, features):
        x = (features + self.adapter.positional_embedding[: features.size(0)]).unsqueeze(1)
        for block in self.adapter.transformer.resblocks:
            x = block(x, None)
        return x.squeeze(1) + features


def headed(out, name, head, raw=False):
    """CLIP4Clip with a head over the frames: Towhee's towers, the head from plain torch.nn as the original has it."""
    from towhee.models.clip4clip.clip4clip import CLIP4Clip

    model = CLIP4Clip(embed_dim=EMBED, **VISION, **TEXT)
    shapes = {**fill(model), **fill(head)}
    clips = clips_of(lambda x: head(model.clip.encode_image(x)), raw)
    write(out, name, shapes, "F32", clips, [], {})


def three_d(out, name):
    """CLIP4Clip with linear_patch 3d: conv2 in conv1's place, over time."""
    from towhee.models.clip4clip.clip4clip import CLIP4Clip

    model = CLIP4Clip(embed_dim=EMBED, **VISION, **TEXT)
    shapes = fill(model)
    conv2 = torch.nn.Conv3d(3, 128, (3, 16, 16), stride=(1, 16, 16), padding=(1, 0, 0), bias=False)
    holder = torch.nn.Module()
    holder.conv2 = conv2
    shapes.update(fill(holder, prefix="clip.visual."))

    def encode(x):
        visual = model.clip.visual
        patches = conv2(x.transpose(0, 1).unsqueeze(0)).squeeze(0).transpose(0, 1)
        visual.conv1.forward = lambda _: patches
        return model.clip.encode_image(x)

    write(out, name, shapes, "F32", clips_of(encode), [], {})


def generate(out):
    with torch.no_grad():
        towhee(out, "mean_p", torch.float32)
        towhee(out, "mean_p_fp16", torch.float16)
        hugging_face(out, "hugging_face_gelu")
        headed(out, "seq_lstm", SeqLstm())
        headed(out, "seq_transf", SeqTransf())
        headed(out, "transformer_adapter", TransformerAdapter(), raw=True)
        three_d(out, "patches_3d")
