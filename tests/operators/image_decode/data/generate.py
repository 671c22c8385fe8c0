"""Makes the images of this folder and expected.json, expected.bin: their pixels as Pillow gives them.

Packages: pillow==13.0.0, numpy. The tests need no Python: they read what is committed here.

    python3 generate.py
"""

import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).resolve().parent
ORIENTATION = 0x0112


def picture(width, height):
    """Smooth, with noise and edges, so that every step of a decoder shows."""
    random = numpy.random.default_rng(width * 1000 + height)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [128 + 100 * numpy.sin(x / 9) * numpy.cos(y / 13), (x * 3 + y * 2) % 256, 255 * ((x // 12 + y // 12) % 2)]
    pixels = numpy.stack(planes, -1) + random.normal(0, 6, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def with_alpha(image):
    image = image.copy()
    image.putalpha(image.convert("L"))
    return image


def turned(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(image, before=b"", after=b"", adam7=False, end=True):
    """An RGB picture as PNG, with chunks before and after its own, in one pass or in Adam7's seven."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] if adam7 else [(0, 0, 1, 1)]
    pixels = numpy.asarray(image)
    rows = [b"\0" + row.tobytes() for x, y, dx, dy in passes if x < image.width for row in pixels[y::dy, x::dx]]
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, int(adam7))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + after +
            (chunk(b"IEND", b"") if end else b""))


def exif(kind, value):
    """Little-endian EXIF data with nothing but an orientation, as a number of a TIFF type."""
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHI", 1, ORIENTATION, kind, 1) + value.ljust(4, b"\0") + bytes(4)


def raw_profile(data):
    """ImageMagick's way to put EXIF data into a text."""
    return b"\nexif\n%8d\n" % len(data) + b"\n".join(data.hex().encode()[i:i + 72] for i in range(0, 2 * len(data), 72)) + b"\n"


def xmp(value, as_element=False):
    orientation = f"<tiff:Orientation>{value}</tiff:Orientation>" if as_element else ""
    attribute = "" if as_element else f' tiff:Orientation="{value}"'
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description{attribute} xmlns:tiff="http://ns.adobe.com/tiff/1.0/">{orientation}'
            "</rdf:Description></rdf:RDF></x:xmpmeta>").encode()


def with_segment(jpeg, data):
    """A JPEG with an APP1 segment more, straight behind its beginning."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def webp_chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def animated(canvas, place, frames, alpha=False, metadata=b""):
    """An animation of pictures that were encoded one by one, all at the same place of a canvas."""
    def three(number):
        return number.to_bytes(3, "little")

    parts = webp_chunk(b"VP8X", bytes([2 | (16 if alpha else 0) | (8 if metadata else 0), 0, 0, 0]) + three(canvas[0] - 1) + three(canvas[1] - 1))
    parts += webp_chunk(b"ANIM", b"\xff\x80\x40\xff\0\0")
    for image, options in frames:
        still = encoded(image, "WEBP", **options)
        at, pictures = 12, b""
        while at < len(still):
            end = at + 8 + int.from_bytes(still[at + 4:at + 8], "little")
            if still[at:at + 4] in (b"VP8 ", b"VP8L", b"ALPH"):
                pictures += webp_chunk(still[at:at + 4], still[at + 8:end])
            at = end + (end - at) % 2
        head = three(place[0] // 2) + three(place[1] // 2) + three(image.width - 1) + three(image.height - 1) + three(100) + b"\0"
        parts += webp_chunk(b"ANMF", head + pictures)
    parts += metadata
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts


def beside():
    """Files whose picture is like any other, and what lies beside it is not."""
    small, odd = picture(16, 8), picture(37, 23)
    for width, height in [(16, 8), (64, 64), (9, 12)]:
        yield f"adam7_{width}x{height}.png", png(picture(width, height), adam7=True)
    yield "broken_profile.png", png(odd, before=chunk(b"iCCP", b"icc\0\0not zlib"))
    yield "late_phys.png", png(odd, after=chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)))
    yield "no_end.png", png(odd, end=False)
    yield "raw_profile.png", png(small, before=chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw_profile(b"Exif\0\0" + exif(3, b"\6")))))
    yield "raw_profile_plain.png", png(small, after=chunk(b"tEXt", b"Raw profile type exif\0" + raw_profile(b"Exif\0\0" + exif(3, b"\6"))))
    yield "xmp.png", png(small, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6)))
    yield "xmp_compressed.png", png(small, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0xmp\0" + zlib.compress(xmp(6, True))))
    yield "exif_before_xmp.png", png(small, before=chunk(b"eXIf", exif(3, b"\1")) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6)))
    jpeg = encoded(small, "JPEG", quality=92)
    for name, kind, value in [("short", 3, b"\6"), ("long", 4, b"\6"), ("slong", 9, b"\6"), ("sshort", 8, b"\6")]:
        yield f"exif_{name}.jpg", with_segment(jpeg, b"Exif\0\0" + exif(kind, value))
    yield "xmp.jpg", with_segment(jpeg, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6))
    yield "xmp.webp", encoded(small, "WEBP", lossless=True, xmp=xmp(6))
    tables = jpeg.index(b"\xff\xdb")
    yield "junk.jpg", jpeg[:tables] + b"hello" + jpeg[tables:]
    yield "comment.jpg", jpeg[:tables] + b"\xff\xfe\0\x0cCS=ITU601\0" + jpeg[tables:]
    yield "junk_before_exif.jpg", jpeg[:tables] + b"hello" + with_segment(jpeg, b"Exif\0\0" + exif(3, b"\6"))[2:]
    frames = [odd, odd.transpose(Image.Transpose.ROTATE_180)]
    lossless, lossy = {"lossless": True}, {"quality": 85}
    yield "animated_lossless.webp", encoded(odd, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=100)
    yield "animated_lossy.webp", encoded(odd, "WEBP", save_all=True, append_images=frames[1:], quality=85, duration=100)
    yield "animated_at_lossless.webp", animated((50, 40), (6, 10), [(f, lossless) for f in frames])
    yield "animated_at_lossy.webp", animated((50, 40), (12, 4), [(with_alpha(f), lossy) for f in frames], alpha=True)
    yield "animated_alpha_lossless.webp", animated((40, 24), (2, 0), [(with_alpha(f), {**lossless, "exact": True}) for f in frames], alpha=True)
    yield "animated_turned_lossless.webp", animated((40, 24), (2, 0), [(f, lossless) for f in frames],
                                                    metadata=webp_chunk(b"EXIF", exif(3, b"\6")))
    yield "animated.png", encoded(odd, "PNG", save_all=True, append_images=frames[1:], duration=100)


def images():
    odd = picture(37, 23)
    yield "rgb.png", odd, {}
    yield "grey.png", odd.convert("L"), {}
    yield "palette.png", odd.quantize(64), {}
    yield "palette_alpha.png", with_alpha(odd).quantize(32, method=Image.Quantize.FASTOCTREE), {}
    yield "alpha.png", with_alpha(odd), {}
    yield "grey_alpha.png", with_alpha(odd).convert("LA"), {}
    yield "one_bit.png", odd.convert("1"), {}
    yield "lossless.webp", odd, {"lossless": True}
    yield "lossless_alpha.webp", with_alpha(odd), {"lossless": True}
    yield "rgb.bmp", odd, {}
    yield "alpha.bmp", with_alpha(odd), {}
    yield "grey.bmp", odd.convert("L"), {}
    yield "palette.bmp", odd.quantize(64), {}
    yield "one_bit.bmp", odd.convert("1"), {}
    for name, subsampling in [("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0")]:
        yield f"{name}.jpg", odd, {"quality": 90, "subsampling": subsampling}
    yield "even.jpg", picture(48, 32), {"quality": 75}
    yield "grey.jpg", odd.convert("L"), {}
    yield "progressive.jpg", odd, {"progressive": True}
    yield "cmyk.jpg", odd.convert("CMYK"), {}
    yield "tiny.jpg", picture(3, 3), {}
    yield "one_pixel.jpg", picture(1, 1), {}
    yield "lossy.webp", odd, {"quality": 85}
    yield "lossy_alpha.webp", with_alpha(odd), {"quality": 85}
    small = picture(16, 8)
    for orientation in range(1, 9):
        yield f"turned_{orientation}.png", small, {"exif": turned(orientation)}
    for ending in ("jpg", "webp"):
        yield f"turned_6.{ending}", small, {"exif": turned(6)}


def is_exact(name):
    return name.endswith(("png", "bmp")) or "lossless" in name


def main():
    expected = {}
    with open(HERE / "expected.bin", "wb") as near:
        for name, image, options in [*images(), *((name, image, {}) for name, image in beside())]:
            if isinstance(image, bytes):
                (HERE / name).write_bytes(image)
            else:
                image.save(HERE / name, **options)
            shown = ImageOps.exif_transpose(Image.open(HERE / name)).convert("RGB")
            facts = expected[name] = {"width": shown.width, "height": shown.height}
            if is_exact(name):
                facts["md5"] = hashlib.md5(shown.tobytes()).hexdigest()
            else:
                facts["at"] = near.tell()
                near.write(shown.tobytes())
    text = json.dumps({"pillow": PIL.__version__, "images": expected}).replace('}, "', '},\n"')
    (HERE / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
