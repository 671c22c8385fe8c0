#!/usr/bin/env python3
"""Writes the LoRA adapters and the bitsandbytes file that the tests read, and what they amount to.

    python generate_adapters.py   # after generate.py; also peft 0.21 and bitsandbytes 0.50

Adapters are PEFT's own, and so are the merged weights beside them. bitsandbytes quantises; the numbers beside its file
are computed here from the definition in its functional.py, since its dequantize_4bit on CPU strays from it.
"""
import json
import pathlib
import shutil

import bitsandbytes.functional
import open_clip
import peft
import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).parent


def adapt(name, model, **options):
    config = peft.LoraConfig(r=4, lora_alpha=6, init_lora_weights="gaussian", **options)
    adapted = peft.get_peft_model(model, config)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.normal_(0, 0.1)
    shutil.rmtree(HERE / name, ignore_errors=True)
    adapted.save_pretrained(HERE / name)
    (HERE / name / "README.md").unlink()
    described = json.loads((HERE / name / "adapter_config.json").read_text()) | {"base_model_name_or_path": None}
    (HERE / name / "adapter_config.json").write_text(json.dumps(described, indent=1) + "\n")
    merged = adapted.merge_and_unload().state_dict()
    merged = {key: value.contiguous().clone() for key, value in merged.items()}
    safetensors.torch.save_file(merged, HERE / name / "merged.safetensors")


def adapters():
    base = lambda: transformers.CLIPModel.from_pretrained(HERE / "huggingface", dtype=torch.float32)
    adapt("lora", base(), target_modules=["q_proj", "v_proj", "fc1", "visual_projection"],
          rank_pattern={"v_proj": 2}, alpha_pattern={"vision_model.encoder.layers.1.mlp.fc1": 3},
          modules_to_save=["text_projection"])
    shutil.copy(HERE / "huggingface/config.json", HERE / "lora/config.json")
    adapt("lora_rslora", base(), target_modules=["k_proj", "out_proj", "fc2"], use_rslora=True, bias="lora_only")
    shutil.copy(HERE / "huggingface/config.json", HERE / "lora_rslora/config.json")

    config = json.loads((HERE / "openclip/open_clip_config.json").read_text())["model_cfg"]
    model = open_clip.CLIP(**config)
    model.load_state_dict(safetensors.torch.load_file(HERE / "openclip/open_clip_model.safetensors"), strict=False)
    adapt("lora_openai", model, target_modules=["c_fc", "c_proj"])
    shutil.copy(HERE / "openclip/open_clip_config.json", HERE / "lora_openai/open_clip_config.json")


def dequantized(packed, levels, scales, block, shape):
    codes = packed.flatten().to(torch.int64)
    codes = torch.stack([codes >> 4, codes & 15], 1).flatten()[:shape.numel()]
    return (levels[codes] * scales.repeat_interleave(block)[:shape.numel()]).reshape(shape)


def quantize(weights, name, kind):
    weight = weights.pop(name)
    functional = bitsandbytes.functional
    if kind == "int8":
        values, scale, _ = functional.int8_vectorwise_quant(weight.half())
        module = name.removesuffix(".weight")
        quantized = {name: values, module + ".SCB": scale, module + ".weight_format": torch.tensor(0, dtype=torch.uint8)}
        plain = values.float() * scale[:, None] * (1 / 127)
    else:
        nested = kind == "nf4"
        packed, state = functional.quantize_4bit(weight, blocksize=64, quant_type=kind, compress_statistics=nested)
        state = state.as_dict(packed=True)
        quantized = {name: packed} | {f"{name}.{key}": value for key, value in state.items()}
        scales = state["absmax"]
        if nested:
            facts = json.loads(bytes(state[f"quant_state.bitsandbytes__{kind}"].tolist()))
            outer = state["nested_absmax"].repeat_interleave(facts["nested_blocksize"])[:len(scales)]
            scales = state["nested_quant_map"][scales.long()] * outer + facts["nested_offset"]
        plain = dequantized(packed, state["quant_map"], scales, 64, weight.shape)
    assert (plain - weight).abs().max() < 0.2 * weight.abs().max(), "the definition does not give the weights back"
    return quantized, plain


def bits_and_bytes():
    folder = HERE / "bitsandbytes"
    folder.mkdir(exist_ok=True)
    weights = safetensors.torch.load_file(HERE / "huggingface/model.safetensors")
    expected = dict(weights)
    kinds = {"vision_model.encoder.layers.0.": "int8", "vision_model.encoder.layers.1.": "nf4",
             "text_model.encoder.layers.0.": "fp4"}
    for name in list(weights):
        kind = next((kind for start, kind in kinds.items() if name.startswith(start)), None)
        if kind is not None and weights[name].dim() == 2:
            quantized, expected[name] = quantize(weights, name, kind)
            weights |= quantized
    safetensors.torch.save_file(weights, folder / "model.safetensors")
    safetensors.torch.save_file(expected, folder / "dequantized.safetensors")
    shutil.copy(HERE / "huggingface/config.json", folder / "config.json")


if __name__ == "__main__":
    torch.manual_seed(5)
    adapters()
    bits_and_bytes()
