#!/usr/bin/env python3
"""Makes the clips of this folder and expected.json: what FFmpeg's sequential decode gives for each of them.

Clips come from the `ffmpeg` program (5.1, with libx264, libx265, libvpx-vp9, libaom-av1), expectations from PyAV
(`pip install av numpy`): every frame's time in milliseconds, key-frame flag, size and the MD5 of its RGB pixels as
`frame.to_ndarray(format="rgb24")` gives them; the samplers' choices from a transcription of Towhee's rules on top of
PyAV; how rotated clips are shown from the `ffmpeg` program, which PyAV does not do. The tests need neither program: they read what is committed here.

    python3 generate.py            clips that are missing, and expected.json
    python3 generate.py --all      every clip anew
"""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys

import av
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
PICTURE = "testsrc2=size={w}x{h}:rate={rate}:duration={seconds}"


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)], check=True)


def encode(name, *options, w=96, h=64, rate=25, seconds=1, inputs=(), filters=""):
    """One clip of the test picture; bit-exact muxing, so that the same tools write the same file."""
    source = PICTURE.format(w=w, h=h, rate=rate, seconds=seconds)
    ffmpeg("-f", "lavfi", "-i", source + filters, *inputs, "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", 1,
           *options, HERE / name)


def x264(*options, crf=30, params="", pixels="yuv420p"):
    return ["-c:v", "libx264", "-crf", crf, "-pix_fmt", pixels, "-x264-params", "threads=1:" + params, *options]


def sine(seconds):
    return ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=8000:duration={seconds}"]


def colour(name, matrix, full):
    """The picture converted by the given matrix and range, and tagged so."""
    span = "pc" if full else "tv"
    tag = {"bt601": "smpte170m", "bt2020": "bt2020nc"}.get(matrix, matrix)
    encode(name, *x264("-colorspace", tag, "-color_range", span), seconds=0.2,
           filters=f",format=rgb24,scale=out_color_matrix={matrix}:out_range={span}")


def colour10(name):
    """HEVC as phones record it: 10 bit, BT.2020."""
    encode(name, "-c:v", "libx265", "-crf", 35, "-pix_fmt", "yuv420p10le", "-colorspace", "bt2020nc", "-color_range", "tv", "-x265-params",
           "log-level=error:pools=1:info=0", seconds=0.2, filters=",format=rgb48le,scale=out_color_matrix=bt2020:out_range=tv")


def odd(width, height):
    return f",scale={width}:{height},format=yuv444p"


def turn(source, name, a, b, c, d):
    """A copy whose track header says that (x, y) is shown at (a x + c y, b x + d y)."""
    data = bytearray((HERE / source).read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    for i, value in enumerate([a, b, 0, c, d]):
        data[at + 4 * i:at + 4 * i + 4] = (int(value * (1 << 16)) & 0xFFFFFFFF).to_bytes(4, "big")
    (HERE / name).write_bytes(data)


X265 = "log-level=error:pools=1:info=0:keyint=20:min-keyint=20:scenecut=0:bframes=4"


def claim(source, name, factor):
    """A copy whose headers say that it lasts `factor` times as long."""
    data = bytearray((HERE / source).read_bytes())
    for box, at in [(b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)]:  # where version 0 of each has its duration
        at += data.index(box)
        duration = int.from_bytes(data[at:at + 4], "big")
        data[at:at + 4] = int(duration * factor).to_bytes(4, "big")
    (HERE / name).write_bytes(data)


def no_matrix(source, name):
    """A copy whose track header leaves the display matrix all zeros, as browser-side muxers do."""
    data = bytearray((HERE / source).read_bytes())
    at = data.index(b"tkhd") + 44
    data[at:at + 36] = bytes(36)
    (HERE / name).write_bytes(data)


def unknown_duration(name):
    """A fragmented MP4 whose headers say all ones: cannot be determined (ISO/IEC 14496-12, 8.4.2)."""
    encode(name, *x264("-g", 30, "-movflags", "frag_keyframe+empty_moov"), w=64, h=48, rate=30, seconds=2)
    data = bytearray((HERE / name).read_bytes())
    for box, at in [(b"mdhd", 20), (b"tkhd", 24)]:
        at += data.index(box)
        data[at:at + 4] = b"\xff" * 4
    (HERE / name).write_bytes(data)


def raw_mpeg1(name, rate=None):
    """A stream without a container; FFmpeg guesses its duration by the bit rate (in 400 bit/s) in its sequence header."""
    encode(name, "-c:v", "mpeg1video", "-b:v", "200k", "-f", "mpeg1video", w=64, h=48, seconds=2)
    if rate is None:
        return
    data = bytearray((HERE / name).read_bytes())
    at = data.index(b"\0\0\1\xb3")
    rest = int.from_bytes(data[at + 8:at + 12], "big") & 0x3fff
    data[at + 8:at + 12] = (rate << 14 | rest).to_bytes(4, "big")
    (HERE / name).write_bytes(data)


def claim_matroska(source, name, factor):
    """The same in Matroska, where the duration is a double of its own."""
    ffmpeg("-i", HERE / source, "-c", "copy", "-fflags", "+bitexact", HERE / name)
    data = bytearray((HERE / name).read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    data[at:at + 8] = struct.pack(">d", struct.unpack(">d", data[at:at + 8])[0] * factor)
    (HERE / name).write_bytes(data)


def claim_frames(source, name, frames):
    """A copy of an AVI file whose headers promise so many frames."""
    data = bytearray((HERE / source).read_bytes())
    for header, at in [(b"avih", 24), (b"strh", 40)]:
        at += data.index(header)
        data[at:at + 4] = frames.to_bytes(4, "little")
    (HERE / name).write_bytes(data)


def size_change(name, *second):
    parts = []
    for i, (w, h) in enumerate([(96, 64), second]):
        part = f"part{i}.ts"
        encode(part, *x264("-output_ts_offset", 0.4 * i, "-muxdelay", 0, "-muxpreload", 0), w=w, h=h,
               seconds=0.4 if w < 1000 else 0.04)
        parts.append(HERE / part)
    (HERE / name).write_bytes(b"".join(p.read_bytes() for p in parts))
    for p in parts:
        p.unlink()


def cut(source, name, keep):
    data = (HERE / source).read_bytes()
    (HERE / name).write_bytes(data[:int(len(data) * keep)])


VARIABLE = ",select='not(mod(n\\,3))+lt(n\\,12)+gt(n\\,40)'"

CLIPS = {
    "bframes.mp4": lambda n: encode(n, *x264(params="bframes=3:b-pyramid=normal:keyint=12:min-keyint=12:scenecut=0"), seconds=2),
    "open_gop.mp4": lambda n: encode(n, *x264(params="open-gop=1:bframes=3:keyint=12:min-keyint=12:scenecut=0"), w=64, h=48,
                                     seconds=4),
    "hevc_open_gop.mp4": lambda n: encode(n, "-c:v", "libx265", "-crf", 35, "-x265-params",
                                          "log-level=error:pools=1:info=0:open-gop=1:keyint=12:min-keyint=12:scenecut=0",
                                          w=64, h=48, seconds=4),
    "open_gop.mkv": lambda n: ffmpeg("-i", HERE / "open_gop.mp4", "-c", "copy", "-fflags", "+bitexact", HERE / n),
    "one_key.mp4": lambda n: encode(n, *x264(params="keyint=infinite:scenecut=0"), seconds=1.2),
    "intra_refresh.mp4": lambda n: encode(n, *x264(params="intra-refresh=1:keyint=10:bframes=0"), w=64, h=48, seconds=3),
    "vfr.mp4": lambda n: encode(n, *x264("-vsync", "vfr"), seconds=2, filters=VARIABLE),
    "ntsc.mp4": lambda n: encode(n, *x264(), rate="30000/1001", seconds=1.1),
    "one_frame.mp4": lambda n: encode(n, *x264("-frames:v", 1)),
    "three_frames.mp4": lambda n: encode(n, *x264("-frames:v", 3)),
    "odd_444.mp4": lambda n: encode(n, *x264(pixels="yuv444p"), seconds=0.2, filters=odd(97, 65)),
    "odd.avi": lambda n: encode(n, "-c:v", "mpeg4", "-q:v", 8, seconds=0.2, filters=odd(97, 65)),
    "odd_width.webm": lambda n: encode(n, "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-crf", 50, "-b:v", 0, seconds=0.2,
                                       filters=odd(97, 64)),
    "odd_height.avi": lambda n: encode(n, "-c:v", "mpeg4", "-q:v", 8, seconds=0.2, filters=odd(96, 65)),
    "yuv422.mp4": lambda n: encode(n, *x264(pixels="yuv422p"), seconds=0.2),
    "yuv422p10.mp4": lambda n: encode(n, *x264(pixels="yuv422p10le"), seconds=0.2),
    "hevc.mp4": lambda n: encode(n, "-c:v", "libx265", "-crf", 35, "-x265-params", "log-level=error:pools=1:info=0", seconds=0.6),
    "hevc10.mp4": lambda n: encode(n, "-c:v", "libx265", "-crf", 35, "-pix_fmt", "yuv420p10le", "-x265-params",
                                   "log-level=error:pools=1:info=0", seconds=0.4),
    "vp9.webm": lambda n: encode(n, "-c:v", "libvpx-vp9", "-crf", 50, "-b:v", 0, "-g", 10, "-auto-alt-ref", 1, seconds=2),
    "vp8_live.webm": lambda n: encode(n, "-c:v", "libvpx", "-crf", 50, "-b:v", "100k", "-g", 10, "-live", 1),
    "av1.mp4": lambda n: encode(n, "-c:v", "libaom-av1", "-crf", 55, "-cpu-used", 8, "-row-mt", 0, seconds=0.4),
    "vp9_10.webm": lambda n: encode(n, "-c:v", "libvpx-vp9", "-crf", 50, "-b:v", 0, "-pix_fmt", "yuv420p10le", seconds=0.2),
    "vp9_444.webm": lambda n: encode(n, "-c:v", "libvpx-vp9", "-crf", 50, "-b:v", 0, "-pix_fmt", "yuv444p", seconds=0.2),
    "av1_10.mp4": lambda n: encode(n, "-c:v", "libaom-av1", "-crf", 55, "-cpu-used", 8, "-row-mt", 0, "-pix_fmt", "yuv420p10le",
                                   seconds=0.2),
    "yuv444p10.mp4": lambda n: encode(n, *x264(pixels="yuv444p10le"), seconds=0.2),
    "hevc_422p10.mp4": lambda n: encode(n, "-c:v", "libx265", "-crf", 35, "-pix_fmt", "yuv422p10le", "-x265-params",
                                        "log-level=error:pools=1:info=0", seconds=0.2),
    "bt2020_10.mp4": lambda n: colour10(n),
    "mpeg4.avi": lambda n: encode(n, "-c:v", "mpeg4", "-q:v", 10, "-bf", 2, "-g", 12),
    "interlaced.mp4": lambda n: encode(n, *x264("-flags:v", "+ilme+ildct", params="tff=1"), seconds=0.4),
    "interlaced_66.avi": lambda n: encode(n, "-c:v", "mpeg4", "-flags:v", "+ilme+ildct", "-q:v", 8, h=66, seconds=0.2),
    "interlaced10.mp4": lambda n: encode(n, *x264("-flags:v", "+ilme+ildct", params="tff=1", pixels="yuv420p10le"), seconds=0.2),
    "hevc12.mp4": lambda n: encode(n, "-c:v", "libx265", "-crf", 35, "-pix_fmt", "yuv420p12le", "-x265-params",
                                   "log-level=error:pools=1:info=0", seconds=0.2),
    "unspecified.mp4": lambda n: encode(n, *x264(), seconds=0.2),
    "bt601.mp4": lambda n: colour(n, "bt601", False),
    "bt601_full.mp4": lambda n: colour(n, "bt601", True),
    "bt709.mp4": lambda n: colour(n, "bt709", False),
    "bt709_full.mp4": lambda n: colour(n, "bt709", True),
    "bt2020.mp4": lambda n: colour(n, "bt2020", False),
    "jpeg.avi": lambda n: encode(n, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", 12, seconds=0.2),
    "late_start.ts": lambda n: encode(n, *x264(params="keyint=12"), seconds=1),
    "late_start.mkv": lambda n: encode(n, *x264("-output_ts_offset", 5, params="keyint=12")),
    "edit_list.mp4": lambda n: ffmpeg("-ss", 0.6, "-i", HERE / "bframes.mp4", "-c", "copy", "-fflags", "+bitexact", HERE / n),
    "audio_longer.mp4": lambda n: encode(n, *x264("-c:a", "aac", "-b:a", "16k", "-flags:a", "+bitexact"), inputs=sine(2), seconds=1),
    "audio_only.mp4": lambda n: ffmpeg(*sine(1), "-c:a", "aac", "-b:a", "16k", "-fflags", "+bitexact", "-flags:a", "+bitexact", HERE / n),
    "two_videos.mp4": lambda n: encode(n, "-map", "0:v", "-map", "1:v", *x264(), inputs=["-f", "lavfi", "-i", PICTURE.format(
        w=64, h=48, rate=10, seconds=1)], seconds=0.4),
    "size_change.ts": lambda n: size_change(n, 128, 96),
    "size_jump.ts": lambda n: size_change(n, 3008, 2000),
    "says_longer.mkv": lambda n: claim_matroska("bframes.mp4", n, 3),
    "says_shorter.mp4": lambda n: claim("bframes.mp4", n, 0.25),
    "says_more_frames.avi": lambda n: claim_frames("mpeg4.avi", n, 70),
    "rotated_90.mp4": lambda n: turn("three_frames.mp4", n, 0, 1, -1, 0),
    "rotated_180.mp4": lambda n: turn("three_frames.mp4", n, -1, 0, 0, -1),
    "rotated_270.mp4": lambda n: turn("three_frames.mp4", n, 0, -1, 1, 0),
    "mirrored.mp4": lambda n: turn("three_frames.mp4", n, -1, 0, 0, 1),
    "transposed.mp4": lambda n: turn("three_frames.mp4", n, 0, 1, 1, 0),
    "tilted.mp4": lambda n: turn("three_frames.mp4", n, 0.7071, 0.7071, -0.7071, 0.7071),
    "cut_moov.mp4": lambda n: cut("bframes.mp4", n, 0.5),
    "faststart.mp4": lambda n: ffmpeg("-i", HERE / "bframes.mp4", "-c", "copy", "-fflags", "+bitexact", "-movflags", "+faststart", HERE / n),
    "cut_mdat.mp4": lambda n: cut("faststart.mp4", n, 0.7),
    "zero_matrix.mp4": lambda n: no_matrix("three_frames.mp4", n),
    "unknown_duration.mp4": unknown_duration,
    "raw.mpg": raw_mpeg1,
    "raw_tiny_rate.mpg": lambda n: raw_mpeg1(n, 1),
    "empty_edit.mp4": lambda n: ffmpeg("-i", HERE / "bframes.mp4", "-c", "copy", "-fflags", "+bitexact", "-output_ts_offset", 8,
                                       HERE / n),
    "interlaced_rgb.mov": lambda n: encode(n, "-c:v", "rawvideo", "-pix_fmt", "rgb24", "-field_order", "tt", w=64, h=48, seconds=0.08),
    "interlaced_422.mp4": lambda n: encode(n, *x264("-flags:v", "+ilme+ildct", params="tff=1", pixels="yuv422p"), seconds=0.2),
    "encrypted.mp4": lambda n: ffmpeg("-i", HERE / "three_frames.mp4", "-c", "copy", "-fflags", "+bitexact", "-encryption_scheme",
                                      "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid",
                                      "a7e61c373e219033c21091fa607bf3b8", HERE / n),
}
ROTATED = ["rotated_90.mp4", "rotated_180.mp4", "rotated_270.mp4", "mirrored.mp4", "transposed.mp4"]
# Streams of several groups of pictures for groups/: codec, its options, and the containers that the same packets go into.
GROUPS = {
    "h264": (x264("-g", 20, "-bf", 3, params="scenecut=0"), "mp4 mkv mov ts"),
    "h264_one_b": (x264("-g", 15, "-bf", 1, params="scenecut=0:b-pyramid=none"), "mp4 flv"),
    "h264_open": (x264("-g", 15, "-bf", 3, params="open-gop=1:scenecut=0"), "mp4 mkv ts"),
    "h264_baseline": (x264("-profile:v", "baseline", "-g", 15), "mp4 avi ts"),
    "h264_vfr": (x264("-g", 12, "-bf", 3, "-vsync", "vfr", "-vf", VARIABLE[1:], params="scenecut=0"), "mp4 mkv"),
    "h264_intra_refresh": (x264("-g", 15, params="intra-refresh=1:bframes=0"), "mp4 ts"),
    "h264_interlaced": (x264("-g", 15, "-flags:v", "+bitexact+ilme+ildct", params="tff=1"), "mp4 ts"),
    "hevc": (["-c:v", "libx265", "-crf", 35, "-x265-params", X265 + ":open-gop=0"], "mp4 mkv mov ts"),
    "hevc_open": (["-c:v", "libx265", "-crf", 35, "-x265-params", X265 + ":open-gop=1"], "mp4 mkv ts"),
    "hevc_layers": (["-c:v", "libx265", "-crf", 35, "-x265-params", X265 + ":temporal-layers=1"], "mp4 mkv"),
    "mpeg4": (["-c:v", "mpeg4", "-q:v", 10, "-bf", 2, "-g", 15], "mp4 mkv avi"),
    "mpeg4_closed": (["-c:v", "mpeg4", "-q:v", 10, "-bf", 2, "-g", 15, "-flags:v", "+bitexact+cgop",
                      "-sc_threshold", 1000000000], "mp4 mov"),
    "mpeg4_no_b": (["-c:v", "mpeg4", "-q:v", 10, "-g", 15], "avi mkv"),
    "mpeg2": (["-c:v", "mpeg2video", "-q:v", 10, "-bf", 2, "-g", 15], "mp4 mkv ts mpg"),
    "vp8": (["-c:v", "libvpx", "-crf", 40, "-b:v", "60k", "-g", 20, "-auto-alt-ref", 1, "-lag-in-frames", 12], "webm mkv"),
    "vp9": (["-c:v", "libvpx-vp9", "-crf", 50, "-b:v", 0, "-g", 20, "-auto-alt-ref", 1, "-lag-in-frames", 12], "webm mkv mp4"),
    "av1": (["-c:v", "libaom-av1", "-crf", 55, "-cpu-used", 8, "-row-mt", 0, "-g", 20], "mp4 mkv webm"),
    "jpeg": (["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", 20], "avi mov"),
}


def make_group(name, options, containers):
    """One stream of 3 s, the picture moving all the time, in each container."""
    (HERE / "groups").mkdir(exist_ok=True)
    first, *others = [f"groups/{name}.{container}" for container in containers.split()]
    encode(first, *options, w=64, h=48, seconds=3, filters=",rotate=t*2,hue=h=40*t")
    for other in others:
        ffmpeg("-i", HERE / first, "-c", "copy", "-fflags", "+bitexact", HERE / other)


NOT_DECODED = {"size_jump.ts", "cut_moov.mp4", "cut_mdat.mp4", "audio_only.mp4", "encrypted.mp4"}


def decode(name, stream=0):
    """Every frame, as PyAV's sequential decode gives it."""
    with av.open(str(HERE / name)) as container:
        video = container.streams.video[stream]
        facts = {
            "container_duration": container.duration / 1e6 if container.duration else None,
            "stream_duration": float(video.duration * video.time_base) if video.duration else None,
            "rate": float(video.average_rate) if video.average_rate else None,
            "others_duration": max((float(s.duration * s.time_base) for s in container.streams if s != video and s.duration), default=0.0),
        }
        base = video.time_base
        frames = []
        rgb = []
        for frame in container.decode(video):
            rgb.append(frame.to_ndarray(format="rgb24").tobytes())
            frames.append({"ms": frame.pts * base.numerator * 1000.0 / base.denominator, "key": bool(frame.key_frame), "width": frame.width, "height": frame.height,
                           "md5": hashlib.md5(rgb[-1]).hexdigest()})
    return facts, frames, rgb


def inside(frames, start=0, end=None):
    """The frames of a window."""
    return [i for i, f in enumerate(frames) if f["ms"] / 1000 >= start and (not end or round(f["ms"]) <= end * 1000)]


def is_truthful(facts, frames, end=None):
    """Whether something in the file lasts as long as it says, the frames or another stream; or the window ends inside."""
    duration, rate = facts["container_duration"], facts["rate"]
    lasts = (frames[-1]["ms"] - frames[0]["ms"]) / 1000 + 1 / rate
    if end and end <= min(duration, lasts):
        return True
    others = [facts["others_duration"]] if facts["others_duration"] else []
    return any(abs(duration - seconds) <= 0.02 * duration + 2 / rate for seconds in [lasts, *others])


def uniform(facts, frames, n, start=0, end=None):
    """Towhee's uniform_temporal_subsample. Two differences: frames later than `end` are never delivered, and where the
    file is wrong about its duration its frames are counted."""
    duration = facts["container_duration"]
    if duration is None or not is_truthful(facts, frames, end):
        total = len(inside(frames, start, end))
    else:
        total = max(int(round(((end if end and end <= duration else duration) - start) * facts["rate"])), 0)
    wanted = np.linspace(0, total - 1, n).astype("int")
    chosen = []
    at = 0
    for count, i in enumerate(inside(frames, start, end)):
        while at < n and wanted[at] <= count:
            at += 1
            chosen.append(i)
    if at < n:
        chosen.append(inside(frames, start, end)[-1])
    return chosen


def time_step(frames, step, start=0, end=None):
    """Towhee's time_step_sample: the time is added up in a double."""
    chosen = []
    at = start
    while True:
        later = [i for i, f in enumerate(frames) if f["ms"] / 1000 >= at]
        if not later or (end and round(frames[later[0]]["ms"]) > end * 1000):
            return chosen
        chosen.append(later[0])
        at += step


def frame_a_second(facts, frames, start=0, end=None):
    """CLIP4Clip's rawvideo_util.py with feature_framerate 1: for each second the frame number second * int(fps)."""
    return inside(frames, start, end)[::max(int(facts["rate"]), 1)]


SAMPLES = [
    ("bframes.mp4", {"num_samples": 12}), ("bframes.mp4", {"num_samples": 1}), ("bframes.mp4", {"num_samples": 50}),
    ("bframes.mp4", {"num_samples": 77}), ("bframes.mp4", {"num_samples": 5, "start": 0.5, "end": 1.5}),
    ("bframes.mp4", {"num_samples": 5, "start": 0.001, "end": 0.985}), ("bframes.mp4", {"num_samples": 4, "start": 1.93}),
    ("bframes.mp4", {"num_samples": 5, "end": 7.0}),
    ("bframes.mp4", {"time_step": 0.5}), ("bframes.mp4", {"time_step": 0.04}), ("bframes.mp4", {"time_step": 0.01}),
    ("bframes.mp4", {"time_step": 0.1, "start": 0.3, "end": 1.2}), ("bframes.mp4", {"time_step": 9.0}),
    ("vfr.mp4", {"num_samples": 8}), ("vfr.mp4", {"num_samples": 8, "start": 0.3, "end": 1.3}),
    ("vfr.mp4", {"time_step": 0.1}), ("vfr.mp4", {"time_step": 0.25, "start": 0.2, "end": 1.8}),
    ("ntsc.mp4", {"num_samples": 7}), ("ntsc.mp4", {"time_step": 0.1}),
    ("one_frame.mp4", {"num_samples": 12}), ("three_frames.mp4", {"num_samples": 12}), ("three_frames.mp4", {"time_step": 1.0}),
    ("audio_longer.mp4", {"num_samples": 12}), ("late_start.ts", {"num_samples": 6}), ("late_start.ts", {"time_step": 0.3}),
    ("late_start.mkv", {"num_samples": 6}), ("late_start.mkv", {"time_step": 1.0}), ("open_gop.mp4", {"num_samples": 9}),
    ("edit_list.mp4", {"num_samples": 6}), ("vp9.webm", {"num_samples": 6}), ("mpeg4.avi", {"num_samples": 6}),
    ("size_change.ts", {"num_samples": 6}), ("hevc.mp4", {"num_samples": 4}),
    ("says_longer.mkv", {"num_samples": 12}), ("says_longer.mkv", {"time_step": 0.5}), ("says_shorter.mp4", {"num_samples": 12}),
    ("says_shorter.mp4", {"time_step": 0.5}), ("says_more_frames.avi", {"num_samples": 12}), ("one_key.mp4", {"num_samples": 12}),
    ("av1.mp4", {"num_samples": 12}), ("interlaced.mp4", {"num_samples": 3}), ("two_videos.mp4", {"num_samples": 3}),
    ("bframes.mp4", {"clip4clip_1fps": True}), ("bframes.mp4", {"clip4clip_1fps": True, "start": 0.5, "end": 1.6}),
    ("vfr.mp4", {"clip4clip_1fps": True}), ("ntsc.mp4", {"clip4clip_1fps": True}), ("open_gop.mp4", {"clip4clip_1fps": True}),
    ("hevc_open_gop.mp4", {"clip4clip_1fps": True, "start": 1.0}), ("one_frame.mp4", {"clip4clip_1fps": True}),
    ("late_start.ts", {"clip4clip_1fps": True}), ("says_longer.mkv", {"clip4clip_1fps": True}),
    ("audio_longer.mp4", {"clip4clip_1fps": True}),
    ("unknown_duration.mp4", {"num_samples": 12}), ("unknown_duration.mp4", {"num_samples": 4, "start": 0.5, "end": 1.5}),
    *[(name, {"num_samples": 12, **window}) for window in ({"start": 0.31}, {"start": 0.1, "end": 0.73}, {"end": 0.2})
      for name in ("says_longer.mkv", "says_shorter.mp4", "vp9.webm", "mpeg4.avi")],
    ("raw.mpg", {"num_samples": 12}), ("raw_tiny_rate.mpg", {"num_samples": 12}), ("empty_edit.mp4", {"num_samples": 12}),
]


def main():
    for name, make in CLIPS.items():
        if "--all" in sys.argv or not (HERE / name).exists():
            make(name)
    for name, (options, containers) in GROUPS.items():
        if "--all" in sys.argv or not list((HERE / "groups").glob(name + ".*")):
            make_group(name, options, containers)
    clips = {}
    for name in CLIPS:
        if name not in NOT_DECODED:
            facts, frames, pixels = decode(name)
            clips[name] = {**facts, "frames": frames}
            if name == "odd.avi":
                (HERE / "odd.rgb").write_bytes(pixels[0])
    facts, frames, _ = decode("two_videos.mp4", 1)
    clips["two_videos.mp4#1"] = {**facts, "frames": frames}
    for name in ROTATED:
        shown = subprocess.run(["ffmpeg", "-v", "error", "-i", HERE / name, "-f", "rawvideo", "-pix_fmt", "rgb24", "-frames:v", "1", "-"],
                               check=True, capture_output=True).stdout
        clips[name]["shown_md5"] = hashlib.md5(shown).hexdigest()
    samples = []
    for name, asked in SAMPLES:
        clip = clips[name]
        window = {k: asked[k] for k in ("start", "end") if k in asked}
        if "num_samples" in asked:
            chosen = uniform(clip, clip["frames"], asked["num_samples"], **window)
        elif "time_step" in asked:
            chosen = time_step(clip["frames"], asked["time_step"], **window)
        else:
            chosen = frame_a_second(clip, clip["frames"], **window)
        samples.append({"clip": name, **asked, "frames": chosen})
    text = json.dumps({"pyav": av.__version__, "clips": clips, "samples": samples})
    # One frame a line.
    text = text.replace('{"ms"', '\n{"ms"').replace('{"clip"', '\n{"clip"')
    (HERE / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
