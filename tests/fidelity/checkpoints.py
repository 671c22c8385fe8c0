"""Weight files of full size as each producer writes them, read by `pipit weights convert`: every number must be the producer's, bit by bit."""

import importlib.metadata
import pathlib
import shutil
import tempfile

import models
import open_clip
import safetensors.torch
import torch
import transformers
from report import Row, counted

BLOCKS = {"ln_1": "layer_norm1", "attn.out_proj": "self_attn.out_proj", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
PLAIN = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding", "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight", "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias", "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias", "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight", "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias", "logit_scale": "logit_scale"}  # fmt: skip


def hugging_face(weights):
    """OpenAI's names and shapes to transformers' CLIPModel."""
    result = {"visual_projection.weight": weights["visual.proj"].T.contiguous(), "text_projection.weight": weights["text_projection"].T.contiguous()}
    for name, tensor in weights.items():
        if name in PLAIN:
            result[PLAIN[name]] = tensor
        if "resblocks." not in name:
            continue
        tower = "vision_model" if name.startswith("visual.") else "text_model"
        layer, rest = name.split("resblocks.")[1].split(".", 1)
        prefix = f"{tower}.encoder.layers.{layer}."
        if "in_proj" in rest:
            for letter, part in zip("qkv", tensor.chunk(3)):
                result[f"{prefix}self_attn.{letter}_proj.{rest.removeprefix('attn.in_proj_')}"] = part.clone()
        else:
            module, kind = rest.rsplit(".", 1)
            result[f"{prefix}{BLOCKS[module]}.{kind}"] = tensor
    return result


def traced(model):
    class Encode(torch.nn.Module):
        """As OpenAI's archives: the towers' parameters under their own names."""

        def __init__(self):
            super().__init__()
            for name in ("visual", "transformer", "token_embedding", "ln_final"):
                setattr(self, name, getattr(model, name))
            self.positional_embedding, self.text_projection = model.positional_embedding, model.text_projection
            self.logit_scale = model.logit_scale

        def forward(self, image):
            return self.visual(image)

    return torch.jit.trace(Encode().eval(), torch.zeros(1, 3, 224, 224), check_trace=False)


def towhee_model(weights):
    from towhee.models import clip4clip

    model = clip4clip.create_model(model_name="clip_vit_b32", context_length=77, pretrained=False)
    prefix = "clip." if any(name.startswith("clip.") for name in model.state_dict()) else ""
    model.load_state_dict({prefix + name: tensor for name, tensor in weights.items()}, strict=False)
    return model.state_dict()


def pretrained(weights, folder, **options):
    config = transformers.CLIPConfig()
    with models.without_initialisation():
        model = transformers.CLIPModel(config)
    model.load_state_dict(hugging_face(weights), strict=True)
    model.save_pretrained(folder, **options)


def bits_and_bytes(weights, path):
    """Linear weights of the vision tower in int8; gives what they are worth."""
    import bitsandbytes.functional

    state, expected = hugging_face(weights), dict(weights)
    for layer in range(12):
        name = f"vision_model.encoder.layers.{layer}.mlp.fc1"
        values, scale, _ = bitsandbytes.functional.int8_vectorwise_quant(state[name + ".weight"].half())
        state |= {name + ".weight": values, name + ".SCB": scale}
        expected[f"visual.transformer.resblocks.{layer}.mlp.c_fc.weight"] = bitsandbytes.functional.int8_vectorwise_dequant(values, scale)
    safetensors.torch.save_file(state, path)
    return expected


def compare_with(program, path, expected, work):
    """How many of the expected tensors pipit reads otherwise, or not at all."""
    out = work / "converted.safetensors"
    program.call("weights", "convert", path, out)
    found = safetensors.torch.load_file(out)
    out.unlink()
    wrong = sum(name not in found or not torch.equal(found[name], tensor) for name, tensor in expected.items())
    return wrong + len(found.keys() - expected.keys())


def compare(program, work):
    version = importlib.metadata.version
    with models.without_initialisation():
        model = open_clip.create_model("ViT-B-32-quickgelu")
    models.fill(model)
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "attn_mask"}
    half = {name: tensor.half() for name, tensor in weights.items()}
    clip4clip = {"clip." + name: tensor for name, tensor in weights.items()}

    def save(content, **options):
        return lambda path: torch.save(content, path, **options)

    def parallel():
        return {"epoch": 1, "state_dict": {"module." + name: tensor for name, tensor in clip4clip.items()}, "optimizer": {"state": {}}}

    producers = [
        ("torch.save, CLIP4Clip's names", f"torch {torch.__version__}", "model.bin", save(clip4clip), weights),
        ("torch.save, float16", f"torch {torch.__version__}", "model.pth", save(half), half),
        ("torch.save of old (pickle)", f"torch {torch.__version__}", "old.pth", save(weights, _use_new_zipfile_serialization=False), weights),
        ("training checkpoint, data parallel", f"torch {torch.__version__}", "last.ckpt", save(parallel()), weights),
        ("TorchScript archive", f"torch {torch.__version__}", "ViT-B-32.pt", lambda path: traced(model).save(str(path)), weights),
        ("safetensors", f"safetensors {version('safetensors')}", "model.safetensors", lambda path: safetensors.torch.save_file(weights, path), weights),
        ("OpenCLIP", f"open_clip {version('open_clip_torch')}", "open_clip.pt", save(model.state_dict()), weights),
        ("Towhee's clip4clip", f"towhee.models {version('towhee.models')}", "towhee.pth", lambda path: torch.save(towhee_model(weights), path), weights),
        ("save_pretrained", f"transformers {version('transformers')}", "pretrained", lambda path: pretrained(weights, path), weights),
        ("save_pretrained in shards", f"transformers {version('transformers')}", "shards",
         lambda path: pretrained(weights, path, max_shard_size="200MB"), weights),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(dir=work) as folder:
        folder = pathlib.Path(folder)
        for what, against, name, write, expected in producers:
            write(folder / name)
            wrong = compare_with(program, folder / name, expected, folder)
            yield counted("checkpoints", what, against, wrong, len(expected), "tensors, bit by bit")
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
        try:
            expected = bits_and_bytes(weights, folder / "bnb.safetensors")
        except ImportError:
            yield Row("checkpoints", "bitsandbytes int8", "not installed", "none", "-", "")
            return
        wrong = compare_with(program, folder / "bnb.safetensors", expected, folder)
        yield counted("checkpoints", "bitsandbytes int8", f"bitsandbytes {version('bitsandbytes')}", wrong, len(expected), "tensors, bit by bit")
