#!/usr/bin/env python3
"""Writes the weight files that the tests read, each with the program that users' files come from.

    python generate.py        # torch 2.11, safetensors 0.8, transformers 5.24, open_clip_torch 3.3

Beside them goes expected.txt: for every file its tensors as the producer knows them, one a line:
file, name, dtype, shape, strides in elements, CRC-32 of the elements in row-major order.
"""
import argparse
import collections
import json
import pathlib
import shutil
import zlib

import numpy
import open_clip
import safetensors.torch
import torch
import transformers
from open_clip.push_to_hf_hub import save_config_for_hf

HERE = pathlib.Path(__file__).parent
VISION = dict(layers=2, width=16, head_width=8, patch_size=4, image_size=8)
TEXT = dict(layers=1, width=16, heads=2, context_length=8, vocab_size=64)
EMBED = 8

expected = []


def record(file, tensors):
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach()
        raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        expected.append("\t".join([
            file, name, str(tensor.dtype).removeprefix("torch."), ",".join(map(str, tensor.shape)),
            ",".join(map(str, tensor.stride())), f"{zlib.crc32(raw):08x}"]))


def write_torch(file, content, tensors=None, **options):
    torch.save(content, HERE / file, **options)
    record(file, content if tensors is None else tensors)


def write_safetensors(file, tensors, metadata=None):
    safetensors.torch.save_file(tensors, HERE / file, metadata)
    record(file, tensors)


def under(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def clip():
    model = open_clip.CLIP(embed_dim=EMBED, vision_cfg=VISION, text_cfg=TEXT, quick_gelu=True)
    with torch.no_grad():  # zeros and ones would hide a swapped tensor
        for parameter in model.parameters():
            parameter.normal_(0, 0.05)
    return model


class Clip4Clip(torch.nn.Module):
    """The original's module tree, so that PyTorch makes the names and the OrderedDict with its _metadata."""

    def __init__(self, head, patch_3d=False):
        super().__init__()
        self.clip = clip()
        if patch_3d:
            self.clip.visual.conv2 = torch.nn.Conv3d(3, 16, (3, 4, 4), stride=(1, 4, 4), padding=(1, 0, 0), bias=False)
        if head != "meanP":
            self.frame_position_embeddings = torch.nn.Embedding(8, EMBED)
        if head == "seqLSTM":
            self.lstm_visual = torch.nn.LSTM(EMBED, EMBED, batch_first=True)
        if head == "seqTransf":
            self.transformerClip = open_clip.transformer.Transformer(EMBED, layers=2, heads=1)


class Scripted(torch.nn.Module):
    """What OpenAI ships: a traced CLIP with its numbers beside the weights."""

    def __init__(self):
        super().__init__()
        self.visual = clip().visual
        text = clip()
        self.transformer, self.token_embedding, self.ln_final = text.transformer, text.token_embedding, text.ln_final
        self.positional_embedding, self.text_projection = text.positional_embedding, text.text_projection
        self.logit_scale = text.logit_scale
        for name, value in dict(input_resolution=8, context_length=8, vocab_size=64).items():
            self.register_buffer(name, torch.tensor(value))

    def forward(self, image):
        return self.visual(image)


def layouts():
    openai = clip().half().state_dict()
    openai |= {name: torch.tensor(value) for name, value in
               dict(input_resolution=8, context_length=8, vocab_size=64).items()}
    write_safetensors("openai.safetensors", openai, {"format": "pt"})
    write_torch("openai.pth", clip().state_dict())
    for name, model in {"meanp": Clip4Clip("meanP"), "seqlstm": Clip4Clip("seqLSTM"),
                        "seqtransf": Clip4Clip("seqTransf"), "3d": Clip4Clip("meanP", patch_3d=True)}.items():
        write_torch(f"clip4clip_{name}.bin", model.state_dict())


class TransformerAdapter(torch.nn.Module):
    """MMAction2's, over 12 frames."""

    def __init__(self):
        super().__init__()
        self.positional_embedding = torch.nn.Parameter(torch.randn(12, EMBED) * 0.05)
        self.transformer = open_clip.transformer.Transformer(EMBED, layers=2, heads=1)


def mmaction2():
    model = torch.nn.Module()
    model.clip, model.adapter = clip().half(), TransformerAdapter().half()
    weights = model.state_dict()
    write_torch("mmaction2_adapter.pth", {"meta": {"epoch": 5}, "state_dict": weights}, weights)


def hugging_face():
    vision = dict(hidden_size=16, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=8,
                  patch_size=4, hidden_act="gelu", projection_dim=EMBED)
    text = dict(hidden_size=16, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, vocab_size=64,
                max_position_embeddings=8, bos_token_id=0, eos_token_id=1, hidden_act="gelu", projection_dim=EMBED)
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=EMBED)
    for folder, model in {
            "huggingface": transformers.CLIPModel(config),
            "huggingface_vision": transformers.CLIPVisionModelWithProjection(config.vision_config),
            "huggingface_text": transformers.CLIPTextModelWithProjection(config.text_config)}.items():
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, 0.05)
        shutil.rmtree(HERE / folder, ignore_errors=True)
        model.save_pretrained(HERE / folder)
        record(f"{folder}/model.safetensors", model.state_dict())
        if folder == "huggingface":
            # What versions before 4.31 wrote: the positions as tensors of their own.
            old = model.state_dict()
            old["text_model.embeddings.position_ids"] = torch.arange(8).expand((1, -1))
            old["vision_model.embeddings.position_ids"] = torch.arange(5).expand((1, -1))
            write_torch("huggingface_old.bin", old)
            shutil.rmtree(HERE / "huggingface_sharded", ignore_errors=True)
            model.save_pretrained(HERE / "huggingface_sharded", max_shard_size="20KB")
            index = json.loads((HERE / "huggingface_sharded/model.safetensors.index.json").read_text())
            record("huggingface_sharded", model.state_dict())
            assert len(set(index["weight_map"].values())) > 1


def open_clip_folder():
    shutil.rmtree(HERE / "openclip", ignore_errors=True)
    (HERE / "openclip").mkdir()
    model = clip()
    open_clip.model.set_model_preprocess_cfg(
        model, dict(mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD))
    vision = VISION | {"head_width": 4}
    save_config_for_hf(
        model, HERE / "openclip/open_clip_config.json", dict(embed_dim=EMBED, vision_cfg=vision, text_cfg=TEXT))
    write_safetensors("openclip/open_clip_model.safetensors", model.state_dict())


def tensors_of_every_kind():
    numbers = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    kinds = {str(dtype).removeprefix("torch."): (numbers * 8).to(dtype) for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool)}
    kinds |= {"scalar": torch.tensor(2.5), "empty": torch.empty(0, 3)}
    write_safetensors("kinds.safetensors", kinds, {"note": "every kind"})
    kinds |= {
        "transposed": numbers.t(), "offset": numbers.reshape(-1)[5:9], "every_second": numbers[:, ::2],
        "shared": numbers, "parameter": torch.nn.Parameter(numbers + 1),
        "repeated_column": numbers[:1, :1].expand(1, 1)}
    for name in ("parameter", "shared"):  # Python attributes change how a tensor is pickled
        kinds[name + "_with_note"] = kinds[name].clone() if name == "shared" else torch.nn.Parameter(numbers + 2)
        kinds[name + "_with_note"].note = "a note"
    for protocol in (2, 3, 4, 5):
        write_torch(f"kinds_protocol{protocol}.pt", kinds, pickle_protocol=protocol)
    write_torch("kinds_legacy.pt", kinds, _use_new_zipfile_serialization=False)
    write_torch("kinds_ordered.pt", collections.OrderedDict(kinds))


def containers():
    weights = Clip4Clip("meanP").half().state_dict()
    write_torch("legacy.pth", weights, _use_new_zipfile_serialization=False)

    scripted = Scripted().half()
    with torch.no_grad():
        traced = torch.jit.trace(scripted.float().eval(), torch.zeros(1, 3, 8, 8), check_trace=False).half()
    traced.save(str(HERE / "openai_torchscript.pt"))
    record("openai_torchscript.pt", traced.state_dict())

    parameters = [torch.nn.Parameter(weights["clip.logit_scale"].float())]
    optimizer = torch.optim.Adam(parameters)
    parameters[0].grad = torch.ones(())
    optimizer.step()
    write_torch("training.ckpt", {
        "epoch": 3, "arch": "clip4clip", "args": argparse.Namespace(lr=1e-4, tags={"a", "b"}),
        "best": numpy.float64(0.5), "optimizer": optimizer.state_dict(),
        "state_dict": collections.OrderedDict(under("module.", weights))}, under("module.", weights))
    write_torch("wrapped.pth", {"model": {name: torch.nn.Parameter(weight) for name, weight in weights.items()}},
                weights)
    torch.save(torch.nn.Linear(2, 2), HERE / "whole_module.pth")
    torch.save({"a": torch.zeros(2), "b": argparse.Namespace(x=1)}, HERE / "foreign_value.pth")
    torch.save({"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, HERE / "quantized.pth")


def averaged():
    """A training checkpoint whose averaged weights lie beside the others, with the wrappers that programs put around both."""
    weights, mean = clip().half().state_dict(), clip().half().state_dict()
    write_torch("averaged.ckpt", {"epoch": 3, "state_dict": under("module._orig_mod.", weights),
                                  "state_dict_ema": {"module": under("module.", mean)}}, under("module._orig_mod.", weights))
    torch.save({"epoch": 3, "model_ema": under("module.", mean)}, HERE / "averaged_only.ckpt")


def quantized():
    """A vision tower, and what pipit.weights.Quantization says its linear weights are in 8 and 4 bits, by numpy."""
    vision = dict(layers=1, width=64, head_width=64, patch_size=8, image_size=16, mlp_ratio=1.0)
    model = open_clip.CLIP(embed_dim=EMBED, vision_cfg=vision, text_cfg=TEXT, quick_gelu=True)
    weights = {name: torch.randn(weight.shape).mul(0.05).half() for name, weight in model.state_dict().items()
               if name.startswith("visual.")}
    write_safetensors("wide.safetensors", weights)
    for bits in 8, 4:
        tensors = {}
        for name, weight in weights.items():
            if "resblocks" not in name or weight.dim() != 2:
                tensors[name] = weight
                continue
            rows = weight.float().numpy()
            if bits == 8:
                scale = numpy.abs(rows).max(1) / numpy.float32(127)
                tensors[name] = torch.from_numpy(numpy.rint(rows / scale[:, None]).astype(numpy.int8))
                tensors[name + ".scale"] = torch.from_numpy(scale)
            else:
                groups = rows.reshape(len(rows), -1, 64)
                scale = ((groups.max(2) - groups.min(2)) / numpy.float32(15)).astype(numpy.float16)
                step = scale.astype(numpy.float32)
                zero = (groups.min(2) + 8 * step).astype(numpy.float16)
                middle = zero.astype(numpy.float32)
                q = numpy.rint(numpy.clip((groups - middle[..., None]) / step[..., None] + 8, 0, 15))
                q = q.astype(numpy.uint8).reshape(len(rows), -1)
                tensors[name] = torch.from_numpy(q[:, ::2] | q[:, 1::2] << 4)
                tensors[name + ".scale"], tensors[name + ".zero"] = torch.from_numpy(scale), torch.from_numpy(zero)
        metadata = json.dumps({"bits": 8} if bits == 8 else {"bits": 4, "group": 64})
        write_safetensors(f"wide_int{bits}.safetensors", tensors, {"pipit.quantization": metadata})


if __name__ == "__main__":
    torch.manual_seed(4)
    layouts()
    hugging_face()
    tensors_of_every_kind()
    containers()
    open_clip_folder()
    quantized()
    mmaction2()
    averaged()
    (HERE / "expected.txt").write_text("\n".join(expected) + "\n")
