"""Towhee's operators on pipit's: each is a pipeline of one native node. Weights come from the user's disk, never from a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import pipit
from pipit.towhee._registry import get_sys_config
from pipit.towhee.operator.base import SharedType
from pipit.towhee.types import Image, VideoFrame

_rows = pipit.operator("towhee.rows", inputs={"list": "any"}, outputs={"row": "frame"}, many=True)(iter)


class _Native:
    """An operator that is a pipeline: opened when it is first called, closed with the operator. Any threads may share it."""

    shared_type = SharedType.Shareable

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, pipit.Pipeline] = {}

    def _pipeline(self, text: str, **options: Any) -> pipit.Pipeline:
        with self._lock:
            if text not in self._open:
                self._open[text] = pipit.Pipeline(text, **options)
            return self._open[text]


def _one_node(op: str, takes: str, arguments: dict[str, Any]) -> str:
    """YAML, which JSON is a part of."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return (
        f"pipit: 1\ninputs: {{value: {takes}}}\nnodes:\n"
        f"  - {{name: call, op: {op}, in: value, out: out, args: {json.dumps(given)}}}\noutputs: [out]\n"
    )


class VideoDecode(_Native):
    """``video_decode.ffmpeg``: a path gives a generator of frames, RGB, with times in milliseconds."""

    def __init__(
        self,
        start_time: float | None = None,
        end_time: float | None = None,
        sample_type: str | None = None,
        args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        known = {"uniform_temporal_subsample": "num_samples", "time_step_sample": "time_step"}
        arguments: dict[str, Any] = {"start_time": start_time, "end_time": end_time}
        if sample_type is not None:
            if sample_type not in known:
                raise RuntimeError(f"sample_type is {' or '.join(known)}, found {sample_type!r}")
            name = known[sample_type]
            if not args or name not in args:
                raise RuntimeError(f"sample_type {sample_type} needs args={{'{name}': …}}")
            arguments |= {"sample_type": sample_type, name: args[name]}
        self._text = _one_node("video_decode.ffmpeg", "string", arguments)

    def __call__(self, path: Any) -> Iterator[VideoFrame]:
        # Decoded by the call itself, so that a fault is the call's.
        frames = self._pipeline(self._text)(value=str(path))["out"]
        return (VideoFrame(f.pixels, "RGB", f.timestamp_ms, int(f.key_frame)) for f in frames)


class ImageDecode(_Native):
    """``image_decode.cv2``: a path or the bytes of a file give an Image."""

    def __init__(self, mode: str = "BGR") -> None:
        super().__init__()
        self._mode = mode.upper()
        if self._mode not in ("BGR", "RGB"):
            raise RuntimeError(f"mode is 'BGR' or 'RGB', found {mode!r}")
        self._text = _one_node("image_decode.ffmpeg", "string", {})

    def __call__(self, source: Any) -> Image:
        if isinstance(source, (bytes, bytearray)):
            return self._of_bytes(bytes(source))
        if "://" in str(source):
            raise RuntimeError(f"'{source}' is a URL, which pipit does not fetch; give a path or the bytes of a file")
        try:
            frame = self._pipeline(self._text)(value=str(source))["out"]
        except pipit.ItemError as error:
            raise RuntimeError(error.message) from error
        return self._image(frame.pixels)

    def _of_bytes(self, data: bytes) -> Image:
        import tempfile

        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return self(file.name)

    def _image(self, rgb: Any) -> Image:
        return Image(rgb if self._mode == "RGB" else np.ascontiguousarray(rgb[:, :, ::-1]), self._mode)


def _rgb(picture: Any) -> Any:
    """The pixels of an Image or a VideoFrame as pipit takes them."""
    pixels = np.asarray(picture)
    if getattr(picture, "mode", None) == "BGR":
        pixels = pixels[:, :, ::-1]
    return pipit.Frame(
        np.ascontiguousarray(pixels), timestamp_ms=float(getattr(picture, "timestamp", None) or 0)
    )


def _device(device: Any) -> str:
    """Of an argument, or else of the node's config."""
    if device is None:
        config = get_sys_config()
        device = -1 if config is None else config.device_id
    if isinstance(device, int):
        return "cpu" if device < 0 else f"cuda:{device}"
    return str(device)


def _weights(name: str, given: Any) -> str:
    if given is None:
        raise RuntimeError(f"{name} needs weights from your disk: pipit downloads none")
    return str(given)


class Clip4Clip(_Native):
    """``video_text_embedding.clip4clip``: a list of frames, or a sentence, gives a vector of length 1."""

    def __init__(
        self, model_name: str = "auto", modality: str = "video", weight_path: Any = None, device: Any = None
    ) -> None:
        super().__init__()
        if modality not in ("video", "text"):
            raise RuntimeError(f"modality is 'video' or 'text', found {modality!r}")
        arguments = {
            "model_name": model_name,
            "modality": modality,
            "weight_path": _weights("video_text_embedding.clip4clip(weight_path=…)", weight_path),
            "device": _device(device),
        }
        self._modality = modality
        self._text = _one_node("video_text_embedding.clip4clip", "string", arguments)
        if modality == "video":
            self._text = _one_node("video_text_embedding.clip4clip", "any", arguments).replace(
                "nodes:\n", "nodes:\n  - {name: rows, op: towhee.rows, in: value, out: value}\n"
            )
        self._pipeline(self._text, operators=[_rows])

    def __call__(self, value: Any) -> Any:
        given = value if self._modality == "text" else [_rgb(frame) for frame in value]
        return self._pipeline(self._text)(value=given)["out"]


class Clip(_Native):
    """``image_text_embedding.clip``: a picture or a sentence gives a vector, a list of them a list."""

    def __init__(
        self, model_name: str = "auto", modality: str = "image", device: Any = "cpu", checkpoint_path: Any = None
    ) -> None:
        super().__init__()
        if modality not in ("image", "text"):
            raise RuntimeError(f"modality is 'image' or 'text', found {modality!r}")
        arguments = {
            "model_name": model_name,
            "modality": modality,
            "weight_path": _weights("image_text_embedding.clip(checkpoint_path=…)", checkpoint_path),
            "device": _device(device),
        }
        self._modality = modality
        self._text = _one_node("image_text_embedding.clip", "frame" if modality == "image" else "string", arguments)
        self._pipeline(self._text)

    def supported_model_names(self) -> list[str]:
        return [
            "clip_vit_base_patch16",
            "clip_vit_base_patch32",
            "clip_vit_large_patch14",
            "clip_vit_large_patch14_336",
        ]

    def __call__(self, value: Any) -> Any:
        pipeline = self._pipeline(self._text)
        if isinstance(value, list):
            return [result["out"] for result in pipeline.stream({"value": self._one(each)} for each in value)]
        return pipeline(value=self._one(value))["out"]

    def _one(self, value: Any) -> Any:
        return value if self._modality == "text" else _rgb(value)


class NpNormalize(_Native):
    """``towhee.np_normalize``: a vector of length 1."""

    def __init__(self, axis: int = 0) -> None:
        super().__init__()
        self._text = _one_node("towhee.np_normalize", "any", {"axis": axis})

    def __call__(self, value: Any) -> Any:
        return self._pipeline(self._text)(value=np.asarray(value, dtype=np.float32))["out"]


def _cv2_rgb() -> ImageDecode:
    return ImageDecode("RGB")


NATIVE: dict[str, Callable[..., Any]] = {
    "video-decode/ffmpeg": VideoDecode,
    "image-decode": ImageDecode,
    "image-decode/cv2": ImageDecode,
    "image-decode/cv2-rgb": _cv2_rgb,
    "video-text-embedding/clip4clip": Clip4Clip,
    "image-text-embedding/clip": Clip,
    "towhee/np-normalize": NpNormalize,
}
