"""Vectors of full-size models with random weights: Towhee's, OpenAI's, Hugging Face's and OpenCLIP's code, from the same checkpoint file, over
real clips that PyAV decoded and Pillow resized."""

import contextlib
import gc

import numpy
import references
import torch
from program import node
from report import Row, bounded

SENTENCES = ["kids feeding and playing with the horse", "", "A man isn't riding two café horses &amp; a 🐎!",
             "a <|endoftext|> in the middle", " ".join(["one two three four five six seven eight nine ten"] * 5)]  # fmt: skip
MAX_WORDS = 32
OPERATOR = "video_text_embedding.clip4clip"


@contextlib.contextmanager
def without_initialisation():
    """Models are filled anyhow; the larger ones take a minute to initialise first."""
    names = ("normal_", "uniform_", "kaiming_uniform_", "xavier_uniform_", "trunc_normal_")
    saved = {name: getattr(torch.nn.init, name) for name in names}
    try:
        for name in names:
            setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)
        yield
    finally:
        for name, function in saved.items():
            setattr(torch.nn.init, name, function)


def fill(module, seed=1):
    """Random weights of a fixed seed. No tensor is like another, and activations keep their size from layer to layer, so that tensors swapped or left out
    show in the vectors."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if not value.is_floating_point() or name.endswith("logit_scale"):
                continue
            noise = torch.randn(value.shape, generator=generator)
            if value.dim() > 2 or (value.dim() == 2 and "embedding" not in name):
                value.copy_(noise * (value[0].numel() if "proj" not in name.split(".")[-1] else value.shape[0]) ** -0.5)
            elif ("ln_" in name or "norm" in name) and name.endswith("weight"):
                value.copy_(1 + 0.2 * noise)
            else:
                value.copy_((0.5 if "embedding" in name else 0.2) * noise)
    return module.eval()


def normal(x):
    return x / x.norm(dim=-1, keepdim=True)


def token_ids(tokenizer, text, most=MAX_WORDS):
    ids = tokenizer.encode(text)[: most - 2]
    return [49406, *ids, 49407]


def padded(ids):
    return torch.tensor([ids + [0] * (77 - len(ids))])


class Reference:
    """A model with `features` of pictures and `sentence` of padded ids; CLIP4Clip's pooling around it."""

    def video(self, pixels, raw=False):
        with torch.no_grad():
            features = self.related(self.features(pixels))
            return normal((features if raw else normal(features)).mean(0))

    def text(self, ids):
        with torch.no_grad():
            return normal(self.sentence(padded(ids))[0])

    def related(self, features):
        return features


class Towhee(Reference):
    package = "towhee"
    SIZES = {"clip_vit_b32": (512, 224, 12, 768, 32, 512), "clip_vit_b16": (512, 224, 12, 768, 16, 512)}

    def __init__(self, embed, resolution, layers, width, patch, text_width, text_layers=12):
        from towhee.models.clip4clip.clip4clip import CLIP4Clip

        self.resolution = resolution
        self.model = CLIP4Clip(embed, resolution, layers, width, patch, 77, 49408, text_width, text_width // 64, text_layers)

    @classmethod
    def random(cls, name):
        made = cls(*cls.SIZES[name])
        fill(made.model)
        return made

    @classmethod
    def of_state(cls, state):
        def layers(prefix):
            return len({name.split(".")[prefix.count(".")] for name in state if name.startswith(prefix)})

        width, _, _, patch = state["clip.visual.conv1.weight"].shape
        grid = round((state["clip.visual.positional_embedding"].shape[0] - 1) ** 0.5)
        made = cls(state["clip.text_projection"].shape[1], grid * patch, layers("clip.visual.transformer.resblocks."), width, patch,
                   state["clip.ln_final.weight"].shape[0], layers("clip.transformer.resblocks."))  # fmt: skip
        made.model.load_state_dict(state, strict=True)
        made.model.eval()
        return made

    def save(self, folder):
        torch.save(self.model.state_dict(), folder / "pytorch_model.bin")
        return folder / "pytorch_model.bin"

    def features(self, pixels):
        return self.model.clip.encode_image(pixels)

    def sentence(self, ids):
        return self.model.get_sequence_output(ids)[:, 0]

    def video(self, pixels, raw=False):
        """Towhee's own pooling where it has one."""
        if raw:
            return super().video(pixels, raw)
        with torch.no_grad():
            mask = torch.ones(1, len(pixels), dtype=torch.long)
            features = normal(self.model.get_visual_output(pixels[None, None, None], mask))
            return normal(self.model._mean_pooling_for_similarity_visual(features, mask))[0]


class OpenAi(Reference):
    package = "clip-anytorch"

    @classmethod
    def random(cls, name):
        import reference_tokens

        reference_tokens.openai()  # makes clip importable
        from clip.model import CLIP

        made = cls()
        embed, made.resolution, layers, width, patch, text_width = Towhee.SIZES[name]
        made.model = fill(CLIP(embed, made.resolution, layers, width, patch, 77, 49408, text_width, text_width // 64, 12), seed=2)
        return made

    def save(self, folder):
        torch.save(self.model.state_dict(), folder / "ViT-B-32.pt")
        return folder / "ViT-B-32.pt"

    def features(self, pixels):
        return self.model.encode_image(pixels)

    def sentence(self, ids):
        return self.model.encode_text(ids)


class HuggingFace(Reference):
    package = "transformers"
    SIZES = {  # embed, resolution, layers, width, patch, text width
        **Towhee.SIZES,
        "clip_vit_l14": (768, 224, 24, 1024, 14, 768),
        "clip_vit_l14@336px": (768, 336, 24, 1024, 14, 768),
    }

    @classmethod
    def random(cls, name):
        from transformers import CLIPConfig, CLIPModel

        made = cls()
        embed, made.resolution, layers, width, patch, text_width = cls.SIZES[name]
        vision = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers, "num_attention_heads": width // 64,
                  "image_size": made.resolution, "patch_size": patch}  # fmt: skip
        text = {"hidden_size": text_width, "intermediate_size": 4 * text_width, "num_hidden_layers": 12, "num_attention_heads": text_width // 64,
                "bos_token_id": 49406, "eos_token_id": 49407}  # fmt: skip
        made.model = fill(CLIPModel(CLIPConfig(vision_config=vision, text_config=text, projection_dim=embed)), seed=3)
        return made

    def save(self, folder):
        self.model.save_pretrained(folder)
        return folder / "model.safetensors"

    @staticmethod
    def tensor(features):
        return features if isinstance(features, torch.Tensor) else features.pooler_output

    def features(self, pixels):
        return self.tensor(self.model.get_image_features(pixel_values=pixels))

    def sentence(self, ids):
        return self.tensor(self.model.get_text_features(input_ids=ids))


class OpenClip(Reference):
    """With the exact GELU, which its configuration file says."""

    package = "open_clip_torch"

    @classmethod
    def random(cls, name):
        import open_clip

        made = cls()
        made.resolution = 224
        made.model = fill(open_clip.create_model({"clip_vit_b32": "ViT-B-32"}[name], precision="fp32"), seed=4)
        return made

    def save(self, folder):
        import json

        import open_clip
        from safetensors.torch import save_file

        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": open_clip.get_model_config("ViT-B-32")}))
        save_file(self.model.state_dict(), folder / "open_clip_model.safetensors")
        return folder / "open_clip_model.safetensors"

    def features(self, pixels):
        return self.model.encode_image(pixels)

    def sentence(self, ids):
        return self.model.encode_text(ids)


class Block(torch.nn.Module):
    """Of CLIP4Clip's transformerClip (eps 1e-12) and of MMAction2's adapter (eps 1e-5)."""

    def __init__(self, width, heads, eps):
        super().__init__()
        self.attn = torch.nn.MultiheadAttention(width, heads)
        self.ln_1 = torch.nn.LayerNorm(width, eps=eps)
        self.mlp = torch.nn.ModuleDict({"c_fc": torch.nn.Linear(width, 4 * width), "c_proj": torch.nn.Linear(4 * width, width)})
        self.ln_2 = torch.nn.LayerNorm(width, eps=eps)

    def forward(self, x, mask=None):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        hidden = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](hidden * torch.sigmoid(1.702 * hidden))


class SeqLstm(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.frame_position_embeddings = torch.nn.Embedding(77, width)
        self.lstm_visual = torch.nn.LSTM(width, width, batch_first=True)

    def forward(self, features):
        return self.lstm_visual(features[None])[0][0] + features


class SeqTransf(torch.nn.Module):
    """As the original runs it: padded to the most frames, the padding masked."""

    def __init__(self, width, layers=4, most=12):
        super().__init__()
        self.most, self.heads = most, width // 64
        self.frame_position_embeddings = torch.nn.Embedding(77, width)
        self.transformerClip = torch.nn.Module()
        self.transformerClip.resblocks = torch.nn.ModuleList([Block(width, width // 64, 1e-12) for _ in range(layers)])

    def forward(self, features):
        x = torch.zeros(self.most, 1, features.shape[1])
        x[: len(features), 0] = features
        mask = torch.zeros(self.most)
        mask[len(features) :] = -1000000.0
        y = x + self.frame_position_embeddings.weight[: self.most, None]
        for block in self.transformerClip.resblocks:
            y = block(y, mask.expand(self.heads, self.most, self.most))
        return (y + x)[: len(features), 0]


class TransformerAdapter(torch.nn.Module):
    """MMAction2's; the mean that follows is of raw vectors."""

    def __init__(self, width, frames=12, layers=4):
        super().__init__()
        self.adapter = torch.nn.Module()
        self.adapter.positional_embedding = torch.nn.Parameter(torch.empty(frames, width))
        self.adapter.transformer = torch.nn.Module()
        self.adapter.transformer.resblocks = torch.nn.ModuleList([Block(width, width // 64, 1e-5) for _ in range(layers)])

    def forward(self, features):
        y = (features + self.adapter.positional_embedding[: len(features)])[:, None]
        for block in self.adapter.transformer.resblocks:
            y = block(y)
        return y[:, 0] + features


class Patches3d(torch.nn.Module):
    """linear_patch 3d: a convolution over time in conv1's place."""

    def __init__(self, width, patch):
        super().__init__()
        self.clip = torch.nn.Module()
        self.clip.visual = torch.nn.Module()
        self.clip.visual.conv2 = torch.nn.Conv3d(3, width, (3, patch, patch), stride=(1, patch, patch), padding=(1, 0, 0), bias=False)


class Headed(Towhee):
    """Towhee's towers with a part of CLIP4Clip that Towhee left out, from torch.nn."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.more = torch.nn.Module()

    def save(self, folder):
        torch.save({**self.model.state_dict(), **self.more.state_dict()}, folder / "pytorch_model.bin.4")
        return folder / "pytorch_model.bin.4"

    def video(self, pixels, raw=False):
        return Reference.video(self, pixels, raw or isinstance(self.more, TransformerAdapter))

    def related(self, features):
        return features if isinstance(self.more, Patches3d) else self.more(features)

    def features(self, pixels):
        if isinstance(self.more, Patches3d):
            patches = self.more.clip.visual.conv2(pixels.transpose(0, 1)[None])[0].transpose(0, 1)
            self.model.clip.visual.conv1.forward = lambda _: patches
        return self.model.clip.encode_image(pixels)


def ours_video(program, file, paths, count, threads=None, batch=1, replicas=1, **args):
    """Vectors of clips, of `count` uniform frames or of all."""
    sampling = {"sample_type": "uniform_temporal_subsample", "num_samples": count} if count else {}
    embed = node(OPERATOR, "frame", "vec", **{"model_name": "auto", "weight_path": str(file), "modality": "video", **args})
    embed["batch"] = {"max": batch}
    embed["replicas"] = replicas
    nodes = [node("video_decode.ffmpeg", "path", "frame", **sampling), embed]
    return program.run({"path": "string"}, nodes, ["vec"], [{"path": str(path)} for path in paths], threads=threads, array=True)


def ours_text(program, file, texts, threads=None, batch=16, **args):
    embed = node(OPERATOR, "text", "vec", **{"model_name": "auto", "weight_path": str(file), "modality": "text", "max_words": MAX_WORDS, **args})
    embed["batch"] = {"max": batch}
    return program.run({"text": "string"}, [embed], ["vec"], [{"text": text} for text in texts], threads=threads, array=True)


def difference(a, b):
    return float(numpy.abs(numpy.asarray(a, float) - numpy.asarray(b, float)).max())


def distance(a, b):
    """1 − the least cosine."""
    a, b = numpy.asarray(a, float), numpy.asarray(b, float)
    return float(1 - ((a * b).sum(1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)).min())


def far(what, against, cases, worst, least):
    """A cosine that must be at least so much; None: reported."""
    return Row("models", what, against, cases, f"cosine {1 - worst:.7f}", f"{least:g}" if least else "", not least or 1 - worst >= least)


class Work:
    def __init__(self, program, folder):
        import reference_tokens

        self.program = program
        self.folder = folder / "models"
        self.folder.mkdir(exist_ok=True)
        self.tokenizer = reference_tokens.openai()
        self.ids = [token_ids(self.tokenizer, text) for text in SENTENCES]
        self.frames = {}

    def pixels(self, path, count, resolution):
        key = (path, count)
        if key not in self.frames:
            self.frames[key] = references.frames(path, count)
        return references.pixels(self.frames[key], resolution)

    def save(self, reference):
        for path in self.folder.iterdir():
            path.unlink()
        return reference.save(self.folder)

    def vectors(self, reference, paths, count):
        return numpy.stack([reference.video(self.pixels(path, count, reference.resolution)).numpy() for path in paths])

    def sentences(self, reference):
        return numpy.stack([reference.text(ids).numpy() for ids in self.ids])


def architectures(work):
    program = work.program
    dtypes = [("bfloat16", 0.999), ("int8", 0.99), ("int4", None)]
    dtypes = [(dtype, least) for dtype, least in dtypes if program.knows(OPERATOR, "dtype", dtype)]
    cases = [(Towhee, "clip_vit_b32", 12), (Towhee, "clip_vit_b16", 4), (OpenAi, "clip_vit_b32", 12), (HuggingFace, "clip_vit_b32", 12),
             (HuggingFace, "clip_vit_b16", 4), (HuggingFace, "clip_vit_l14", 2), (HuggingFace, "clip_vit_l14@336px", 2),
             (OpenClip, "clip_vit_b32", 4)]  # fmt: skip
    for kind, name, count in cases:
        with without_initialisation():
            reference = kind.random(name)
        file = work.save(reference)
        videos, texts = work.vectors(reference, references.CLIPS, count), work.sentences(reference)
        del reference
        gc.collect()
        model_name = "auto" if kind is OpenClip else name
        against = references.version(kind.package)
        shown = f"{len(videos)} clips of {count} frames, {len(texts)} sentences"
        for dtype, least in [("float32", 0.99999), *dtypes]:
            got = (ours_video(program, file, references.CLIPS, count, model_name=model_name, dtype=dtype),
                   ours_text(program, file, SENTENCES, model_name=model_name, dtype=dtype))  # fmt: skip
            worst = max(distance(got[0], videos), distance(got[1], texts))
            if dtype == "float32":
                most = max(difference(got[0], videos), difference(got[1], texts))
                good = most <= 2e-5 and 1 - worst >= least
                yield Row("models", f"{name}, float32", against, shown, f"{most:.1e}, cosine {1 - worst:.9f}", f"2e-05, {least}", good)
            else:
                yield far(f"{name}, {dtype}", against, shown, worst, least)


def parts_of_clip4clip(work):
    """On one B/32: which frames, poolings, heads, 3d patches; then what must not matter."""
    program = work.program
    against = references.version("towhee")
    reference = Towhee.random("clip_vit_b32")
    file = work.save(reference)

    path = references.CLIPS[2]
    every = references.frames(path)
    last = len(every) - 1
    kept = {0: every[:12], 1: every[-12:], 2: [every[i] for i in numpy.linspace(0, last, 12, dtype=int)]}
    most = 0
    for position, frames in kept.items():
        wanted = reference.video(references.pixels(frames, 224))
        most = max(most, difference(ours_video(program, file, [path], None, slice_framepos=position, max_frames=12)[0], wanted))
    yield bounded("models", "`slice_framepos` 0, 1, 2", against, f"a clip of {len(every)} frames cut to 12", most, 2e-5)

    most = 0
    for count in (1, 3, 12):
        for raw in (False, True):
            wanted = reference.video(work.pixels(path, count, 224), raw)
            got = ours_video(program, file, [path], count, pooling="raw" if raw else "normalized")[0]
            most = max(most, difference(got, wanted))
    yield bounded("models", "fewer frames than `max_frames`; `pooling` normalized and raw", against, "1, 3 and 12 frames, both poolings", most, 2e-5)

    # What a mistake would look like, so that the bounds above mean something.
    least = 1.0
    right = reference.video(work.pixels(path, 1, 224))
    for layer in (0, 11):
        weight = reference.model.clip.visual.transformer.resblocks[layer].attn.in_proj_weight
        saved = weight.detach().clone()
        with torch.no_grad():
            weight.copy_(torch.cat([saved[768:1536], saved[:768], saved[1536:]]))
        least = min(least, difference(reference.video(work.pixels(path, 1, 224)), right))
        with torch.no_grad():
            weight.copy_(saved)
    yield Row("models", "for scale: query and key swapped in one of 12 layers", against, "layers 0 and 11", f"{least:.1e} at least", "more than 2e-04", least > 2e-4)
    del reference

    yield from independence(work, file)

    for what, more in (("seqLSTM", SeqLstm(512)), ("seqTransf", SeqTransf(512)), ("TransformerAdapter", TransformerAdapter(512)),
                       ("3d patches", Patches3d(768, 32))):
        reference = Headed(*Towhee.SIZES["clip_vit_b32"])
        fill(reference.model, seed=5)
        reference.more = fill(more, seed=6)
        file = work.save(reference)
        most = 0
        for count in (1, 5, 12):
            got = ours_video(program, file, references.CLIPS, count)
            most = max(most, difference(got, work.vectors(reference, references.CLIPS, count)))
        yield bounded("models", f"{what}, float32", f"{against}, torch.nn", f"{len(references.CLIPS)} clips of 1, 5 and 12 frames", most, 2e-5)


def independence(work, file):
    """What is beside a clip, how many replicas and threads there are."""
    program = work.program
    paths = [*references.CLIPS, *[references.ROOT / "pipelines" / "demo" / "heldout" / f"00{i}.mp4" for i in range(5)]]
    texts = SENTENCES * 2 + [f"sentence number {i} of a batch" for i in range(20)]
    for dtype, bound in (("float32", 1e-6), ("bfloat16", None), ("int8", 1e-6)):
        if not program.knows(OPERATOR, "dtype", dtype):
            continue
        clips = ours_video(program, file, paths, 4, threads=1, dtype=dtype)
        sentences = ours_text(program, file, texts, threads=1, batch=1, dtype=dtype)
        other_clips = [ours_video(program, file, paths, 4, dtype=dtype, **how) for how in
                       ({"threads": 2, "batch": 8}, {"threads": 2, "replicas": 2, "batch": 3}, {"threads": 1, "batch": 8})]  # fmt: skip
        other_sentences = [ours_text(program, file, texts, dtype=dtype, **how) for how in ({"threads": 2, "batch": 16}, {"threads": 1, "batch": 7})]
        pairs = [(clips, other) for other in other_clips] + [(sentences, other) for other in other_sentences]
        what = f"batches, replicas and threads, {dtype}"
        cases = f"{len(paths)} clips × 3, {len(texts)} sentences × 2"
        if bound:
            yield bounded("models", what, "one by one on one thread", cases, max(difference(a, b) for a, b in pairs), bound)
        else:
            yield far(what, "one by one on one thread", cases, max(distance(a, b) for a, b in pairs), 0.9999)
        again = ours_video(program, file, paths, 4, dtype=dtype, threads=2, batch=8)
        yield bounded("models", f"a second run, {dtype}", "the first", f"{len(paths)} clips", difference(again, other_clips[0]), 0)


def images(work):
    """image_text_embedding.clip as Towhee's operator computes: Hugging Face's processor, tokenizer and model."""
    import reference_tokens
    import tokens
    from PIL import Image
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    program = work.program
    reference = HuggingFace.random("clip_vit_b32")
    file = work.save(reference)
    paths = []
    for clip in references.CLIPS:
        frame = Image.fromarray(references.frames(clip)[30])
        for size in (frame.size, (225, 525)):
            paths.append(work.folder / f"{clip.stem}-{size[0]}.png")
            frame.resize(size).save(paths[-1])
    pixels = CLIPImageProcessorPil()([Image.open(path) for path in paths], return_tensors="pt")["pixel_values"]
    ids = reference_tokens.hugging_face(tokens.VOCABULARY)(SENTENCES)
    with torch.no_grad():
        wanted = reference.features(pixels).numpy()
        wanted_texts = numpy.stack([reference.sentence(torch.tensor([i]))[0].numpy() for i in ids])
    args = {"model_name": "clip_vit_base_patch32", "weight_path": str(file)}
    nodes = [node("image_decode.ffmpeg", "path", "image"), node("image_text_embedding.clip", "image", "vec", modality="image", **args)]
    got = program.run({"path": "string"}, nodes, ["vec"], [{"path": str(path)} for path in paths], array=True)
    texts = program.run({"text": "string"}, [node("image_text_embedding.clip", "text", "vec", modality="text", **args)], ["vec"],
                        [{"text": text} for text in SENTENCES], array=True)  # fmt: skip
    most = max(difference(a / numpy.linalg.norm(a, axis=1, keepdims=True), b / numpy.linalg.norm(b, axis=1, keepdims=True))
               for a, b in ((got, wanted), (texts, wanted_texts)))  # fmt: skip
    length = max(difference(numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1), 1) for a, b in ((got, wanted), (texts, wanted_texts)))
    against = f"{references.version('transformers')}, {references.version('pillow')}"
    cases = f"{len(paths)} images, {len(SENTENCES)} sentences"
    yield bounded("models", "image_text_embedding.clip, normalised", against, cases, most, 2e-5)
    yield bounded("models", "the lengths of its vectors", against, cases, length, 2e-5)


def compare(program, work):
    suite = Work(program, work)
    yield from parts_of_clip4clip(suite)
    yield from images(suite)
    yield from architectures(suite)
    for path in suite.folder.iterdir():
        path.unlink()
