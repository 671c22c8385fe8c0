"""The other test folders' generators, and what several parts of the suite need of other implementations."""

import importlib.metadata
import importlib.util
import sys

import numpy

from program import ROOT

sys.path.append(str(ROOT / "tests" / "operators" / "clip" / "data"))  # corpus, reference_tokens, made_up

CLIPS = [ROOT / ".deps" / "clips" / f"{name}.mp4" for name in ("bikes", "bigbuckbunny", "carphone")]
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


def generator(folder, name="generate"):
    """A module of tests/operators/FOLDER/data."""
    path = ROOT / "tests" / "operators" / folder / "data" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{folder}_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(path, count=None):
    """Frames as PyAV decodes them, RGB arrays: all, or `count` by Towhee's uniform_temporal_subsample."""
    import av

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        total = int(round(container.duration / 1e6 * float(video.average_rate)))
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video)]
    if count is None:
        return decoded
    return [decoded[min(i, len(decoded) - 1)] for i in numpy.linspace(0, total - 1, count).astype(int)]


def crop(pixels, resolution):
    """OpenAI's preprocessing as far as it gives bytes: Pillow's bicubic resize and the centre crop, through torchvision."""
    from PIL import Image
    from torchvision.transforms import CenterCrop, InterpolationMode, Resize

    image = Image.fromarray(pixels)
    return CenterCrop(resolution)(Resize(resolution, interpolation=InterpolationMode.BICUBIC)(image))


def pixels(images, resolution):
    """float32 [n, 3, resolution, resolution], as CLIP's towers take pictures."""
    import torch
    from torchvision.transforms.functional import normalize, to_tensor

    return torch.stack([normalize(to_tensor(crop(image, resolution)), MEAN, DEVIATION) for image in images])
