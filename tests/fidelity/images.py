"""Image files: what Pillow reads, turned as EXIF says."""

import base64

import numpy
import references
from program import node
from report import Row, counted

# At most so many steps of 255, and on at most this share of the values more than one.
LOSSY = {"JPEG": (4, 0.05), "lossy WebP": (4, 0.05)}


def photographs():
    """Real pictures: frames of real clips, at several sizes."""
    from PIL import Image

    for path in references.CLIPS:
        frame = Image.fromarray(references.frames(path)[30])
        for size in (frame.size, (333, 222), (101, 150)):
            yield f"{path.stem}-{size[0]}x{size[1]}", frame.resize(size)


def files(folder):
    """(path, kind) of the tests' images and of the photographs in every format."""
    generate = references.generator("image_decode")
    for name, image, options in generate.images():
        image.save(folder / name, **options)
        kind = "lossless" if generate.is_exact(name) else "JPEG" if name.endswith("jpg") else "lossy WebP"
        yield folder / name, kind
    forms = [("png", {}, "lossless"), ("bmp", {}, "lossless"), ("webp", {"lossless": True}, "lossless"), ("webp", {"quality": 80}, "lossy WebP")]
    forms += [("jpg", {"quality": q, "subsampling": s, "progressive": p}, "JPEG") for q, s, p in
              [(30, "4:2:0", False), (75, "4:2:0", False), (75, "4:2:0", True), (90, "4:2:2", False), (95, "4:4:4", False), (100, "4:2:0", False)]]
    for name, image in photographs():
        for number, (ending, options, kind) in enumerate(forms):
            path = folder / f"{name}-{number}.{ending}"
            image.save(path, **options)
            yield path, kind


def compare(program, work):
    import warnings

    from PIL import Image, ImageOps

    warnings.filterwarnings("ignore", module="PIL")  # of transparent palettes
    folder = work / "images"
    folder.mkdir(exist_ok=True)
    all_files = list(files(folder))
    worst = {kind: [0, 0, 0, 0] for _, kind in all_files}
    nodes = [node("image_decode.ffmpeg", "path", "image"), node("test/frame.digest", "image", "digest", pixels=True)]
    results = program.run({"path": "string"}, nodes, ["digest"], [{"path": str(path)} for path, _ in all_files])
    for (path, kind), result in zip(all_files, results):
        wanted = numpy.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB")).astype(int)
        got = numpy.frombuffer(base64.b64decode(result["digest"]["pixels"]), numpy.uint8).reshape(wanted.shape).astype(int)
        difference = numpy.abs(got - wanted)
        sums = worst[kind]
        sums[0] = max(sums[0], difference.max())
        sums[1] += numpy.count_nonzero(difference > 1)
        sums[2] += difference.size
        sums[3] += 1
    against = references.version("pillow")
    for kind, (most, beyond_one, values, count) in worst.items():
        if kind == "lossless":
            yield counted("images", "pixels of PNG, BMP, lossless WebP; EXIF's eight orientations", against, int(most), count, "files")
        else:
            bound, share = LOSSY[kind]
            yield Row("images", f"pixels of {kind}", against, f"{count} files", f"{most} steps of 255; more than one on {beyond_one / values:.2%}",
                      f"{bound}; {share:.0%}", most <= bound and beyond_one / values <= share)  # fmt: skip
