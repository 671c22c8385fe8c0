"""variants.json: small models whose configs ask for more than the ordinary CLIP, and the vectors that open_clip and transformers compute of them.
Run it from the repository's root:

    python3 tests/operators/clip/data/variants.py

Needs the packages of tests/fidelity/requirements.txt.
"""

import json
import pathlib

import made_up
import models
import torch
from PIL import Image

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 90, 40
PIXELS = bytes((x * 2 + 40 * c + y * (3 - c)) % 256 for y in range(HEIGHT) for x in range(WIDTH) for c in range(3))
VISION = dict(layers=1, width=32, head_width=16, patch_size=8, image_size=32)
TEXT = dict(layers=2, width=32, heads=2, context_length=77, vocab_size=49408)
HALF = dict(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5])

OPEN_CLIP = {
    "plain": {},
    "squash": dict(pre=dict(resize_mode="squash")),
    "longest": dict(pre=dict(resize_mode="longest")),
    "longest filled": dict(pre=dict(resize_mode="longest", fill_color=90)),
    "bilinear": dict(pre=dict(interpolation="bilinear")),
    "other statistics": dict(pre=HALF),
    "average": dict(vision=dict(pool_type="avg")),
    "average then norm": dict(vision=dict(pool_type="avg", final_ln_after_pool=True)),
    "epsilon": dict(vision=dict(norm_kwargs=dict(eps=0.01)), text=dict(norm_kwargs=dict(eps=0.1))),
    "not causal": dict(text=dict(no_causal_mask=True)),
    "last": dict(text=dict(pool_type="last")),
    "last and not causal": dict(text=dict(pool_type="last", no_causal_mask=True)),
    "first": dict(text=dict(pool_type="first")),
    "quick": dict(model=dict(quick_gelu=True)),
}
HUGGING_FACE = {
    "plain": {},
    "squash": dict(pre=dict(do_center_crop=False, size={"height": 32, "width": 32})),
    "squash and crop": dict(pre=dict(size={"height": 40, "width": 40})),
    "not normalized": dict(pre=dict(do_normalize=False)),
    "not rescaled": dict(pre=dict(do_rescale=False)),
    "resize to 36": dict(pre=dict(size={"shortest_edge": 36})),
    "rescale": dict(pre=dict(rescale_factor=1 / 127.5)),
    "bilinear": dict(pre=dict(resample=2)),
    "other statistics": dict(pre=dict(image_mean=HALF["mean"], image_std=HALF["std"])),
    "one head": dict(vision=dict(num_attention_heads=1)),
    "epsilon": dict(vision=dict(layer_norm_eps=0.01)),
}


def vector(x):
    return models.rounded(models.normal(x))[0]


def open_clip_model(name, model={}, vision={}, text={}, pre={}):
    import open_clip
    from open_clip.model import CLIP
    from open_clip.transform import PreprocessCfg, image_transform_v2

    config = dict(embed_dim=16, vision_cfg={**VISION, **vision}, text_cfg={**TEXT, **text}, **model)
    clip = CLIP(**config)
    shapes = models.fill(clip)
    pixels = dict(mean=list(open_clip.OPENAI_DATASET_MEAN), std=list(open_clip.OPENAI_DATASET_STD), interpolation="bicubic", resize_mode="shortest")
    pixels.update(pre)
    prepared = image_transform_v2(PreprocessCfg(size=32, **pixels), is_train=False)(Image.frombytes("RGB", (WIDTH, HEIGHT), PIXELS))
    sentences = [{"ids": ids, "vector": v} for ids, v in zip(models.SENTENCES, models.rounded(models.normal(clip.encode_text(models.padded(models.SENTENCES)))))]
    files = {"open_clip_config.json": dict(model_cfg=config, preprocess_cfg=pixels)}
    return shapes, dict(name=name, files=files, picture=vector(clip.encode_image(prepared.unsqueeze(0))), sentences=sentences)


def hugging_face_model(name, vision={}, pre={}):
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    sizes = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8, projection_dim=16)
    config = CLIPVisionConfig(**{**sizes, **vision})
    model = CLIPVisionModelWithProjection(config)
    shapes = models.fill(model)
    processor = CLIPImageProcessor(**{**dict(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}), **pre})
    prepared = processor(images=Image.frombytes("RGB", (WIDTH, HEIGHT), PIXELS), return_tensors="pt")
    files = {"config.json": json.loads(config.to_json_string(use_diff=False)), "preprocessor_config.json": json.loads(processor.to_json_string())}
    return shapes, dict(name=name, files=files, picture=vector(model(**prepared).image_embeds))


def main():
    out = {}
    with torch.no_grad():
        for kind, make, variants in (("open_clip", open_clip_model, OPEN_CLIP), ("hugging_face", hugging_face_model, HUGGING_FACE)):
            made = [make(name, **what) for name, what in variants.items()]
            assert all(shapes == made[0][0] for shapes, _ in made)
            out[kind] = {"tensors": made[0][0], "models": [model for _, model in made]}
    out["width"], out["height"] = WIDTH, HEIGHT
    with open(HERE / "variants.json", "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
