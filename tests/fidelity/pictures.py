"""Preprocessing: Pillow's resize and the two centre crops, over many sizes and aspect ratios."""

import numpy
import references
from program import node
from report import Row

RESOLUTIONS = (224, 336)


def hugging_face(resolution):
    from PIL import Image
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    size = {"height": resolution, "width": resolution}
    processor = CLIPImageProcessorPil(size={"shortest_edge": resolution}, crop_size=size, do_rescale=False, do_normalize=False)
    return lambda pixels: processor(Image.fromarray(pixels), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)


def compare(program, work):
    from PIL import Image

    made = references.generator("clip", "pictures")
    folder = work / "pictures"
    folder.mkdir(exist_ok=True)
    images = {folder / f"{width}x{height}.png": made.frame(width, height) for width, height in made.SIZES}
    for path, pixels in images.items():
        Image.fromarray(pixels).save(path)
    packages = f"{references.version('pillow')}, {references.version('torchvision')}"
    for rounding, against in (("half_to_even", packages), ("down", f"{packages}, {references.version('transformers')}")):
        most = different = values = 0
        for resolution in RESOLUTIONS:
            process = hugging_face(resolution) if rounding == "down" else lambda pixels: numpy.asarray(references.crop(pixels, resolution))
            nodes = [node("image_decode.ffmpeg", "path", "image"),
                     node("test/frame.picture", "image", "picture", resolution=resolution, rounding=rounding)]  # fmt: skip
            got = program.run({"path": "string"}, nodes, ["picture"], [{"path": str(path)} for path in images], array=True)
            for picture, pixels in zip(got, images.values()):
                difference = numpy.abs(picture.astype(int) - process(pixels).astype(int))
                most = max(most, difference.max())
                different += numpy.count_nonzero(difference)
                values += difference.size
        what = "resize and crop" + (", `preprocess: huggingface`" if rounding == "down" else "")
        yield Row("pictures", what, against, f"{len(images)} sizes, to {' and '.join(map(str, RESOLUTIONS))}",
                  f"{most} steps of 255 on {different / values:.2%} of {values:,} values", "1 on 0.5 %", most <= 1 and different / values <= 0.005)  # fmt: skip
