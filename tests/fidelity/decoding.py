"""Frames: PyAV's sequential decode, Towhee's and CLIP4Clip's choice of frames, over clips of every kind."""

import itertools
import shutil

import references
from program import node
from report import counted

SAMPLERS = [("uniform_temporal_subsample", "num_samples", n) for n in (1, 4, 12, 60)]
SAMPLERS += [("time_step_sample", "time_step", step) for step in (0.04, 0.3, 1.0)]
SAMPLERS += [("clip4clip_1fps", None, None)]
# FFmpeg 5, on which pipit stands, and PyAV's say other durations of these, and packets of AVI have no time of presentation to be counted by: in
# a window the samples differ by a frame. The tests of video_decode have those of the whole files.
SAID_OTHERWISE = ("unknown_duration.mp4", "empty_edit.mp4", "raw.mpg", "raw_tiny_rate.mpg", "says_more_frames.avi")
WINDOWS = [{}, {"start_time": 0.31}, {"start_time": 0.1, "end_time": 0.73}, {"end_time": 0.2}]
NODES = {"uniform_temporal_subsample": "uniform_temporal_subsample", "time_step_sample": "time_step", "clip4clip_1fps": "clip4clip_1fps"}


def made_clips(work):
    """The clips of the tests, encoded anew where the ffmpeg program is to be had."""
    generate = references.generator("video_decode")
    if shutil.which("ffmpeg"):
        generate.HERE = work / "clips"
        generate.HERE.mkdir(exist_ok=True)
        for name, make in generate.CLIPS.items():
            if not (generate.HERE / name).exists():
                make(name)
    return generate


def decode(generate, path):
    generate.HERE = path.parent
    facts, frames, _ = generate.decode(path.name)
    return facts, frames


def same(got, wanted, frames):
    """Whether the digests are those frames."""
    fields = ("ms", "key", "width", "height", "md5")
    return len(got) == len(wanted) and all(a[f] == frames[i][f] for a, i in zip(got, wanted) for f in fields)


def chosen(generate, sampler, argument, amount, window, facts, frames):
    """What the sampler is to choose; None where the window holds no frame."""
    span = {short: window[long] for short, long in (("start", "start_time"), ("end", "end_time")) if long in window}
    if not generate.inside(frames, **span):
        return None
    if sampler == "uniform_temporal_subsample":
        return generate.uniform(facts, frames, amount, **span)
    if sampler == "time_step_sample":
        return generate.time_step(frames, amount, **span)
    return generate.frame_a_second(facts, frames, **span)


def forms(sampler, argument, amount, window):
    """The three ways to say it: the decoder's argument; a node, which the plan moves into the decoder; a node that stays, since somebody else
    reads the frames."""
    amounts = {argument: amount} if argument else {}
    digest = node("test/frame.digest", "frame", "digest")
    sample = node(f"video_sample.{NODES[sampler]}", "frame", "frame", **amounts)
    sample["name"] = "sample"
    decoder = node("video_decode.ffmpeg", "path", "frame", auto_rotate=False, **window)
    yield "argument", [node("video_decode.ffmpeg", "path", "frame", auto_rotate=False, sample_type=sampler, **amounts, **window), digest], ["digest"]
    yield "node", [decoder, sample, digest], ["digest"]
    every = {**decoder, "name": "every", "out": "every"}
    kept = {**sample, "in": "every"}
    yield "node apart", [every, kept, digest, node("test/frame.digest", "every", "all")], ["digest", "all"]


def opencv_seconds(path):
    """The frames of CLIP4Clip's rawvideo_util.py with feature_framerate 1, by their numbers: OpenCV seeks, and what it reads is looked up among all
    of OpenCV's frames."""
    import cv2
    import numpy

    capture = cv2.VideoCapture(str(path))
    every = []
    while True:
        read, frame = capture.read()
        if not read:
            break
        every.append(frame)
    capture = cv2.VideoCapture(str(path))
    count, fps = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), int(capture.get(cv2.CAP_PROP_FPS))
    numbers = []
    for second in range((count + fps - 1) // fps):
        capture.set(cv2.CAP_PROP_POS_FRAMES, second * fps)
        read, frame = capture.read()
        if not read:
            break
        numbers.append([i for i, other in enumerate(every) if numpy.array_equal(frame, other)])
    return numbers


def compare(program, work):
    generate = made_clips(work)
    folder = generate.HERE
    paths = [folder / name for name in generate.CLIPS if name not in generate.NOT_DECODED] + references.CLIPS
    known = {path: decode(generate, path) for path in paths}
    against = references.version("av")
    clip = {"path": "string"}
    items = [{"path": str(path)} for path in paths]

    # Odd sides in 4:2:0: the one known difference, a step of 255 (docs/operators.md).
    exact = [i for i, path in enumerate(paths) if path.name != "odd.avi"]
    nodes = [node("video_decode.ffmpeg", "path", "frame", auto_rotate=False), node("test/frame.digest", "frame", "digest")]
    results = program.run(clip, nodes, ["digest"], items)
    every = [(results[i]["digest"], known[paths[i]][1]) for i in exact]
    frames = sum(len(frames) for _, frames in every)
    different = sum(1 for got, frames in every for a, b in itertools.zip_longest(got, frames) if a is None or b is None or not same([a], [0], [b]))
    yield counted("decoding", "every frame: pixels, time, key-frame flag, size", against, different, frames, f"frames of {len(exact)} clips")

    cases = different = 0
    for sampler, argument, amount in SAMPLERS:
        for window in WINDOWS:
            for form, nodes, outputs in forms(sampler, argument, amount, window):
                results = program.run(clip, nodes, outputs, items, may_fail=True)
                for i in exact:
                    if window and paths[i].name in SAID_OTHERWISE:
                        continue
                    facts, all_frames = known[paths[i]]
                    wanted = chosen(generate, sampler, argument, amount, window, facts, all_frames)
                    got = results[i].get("digest")
                    cases += 1
                    good = got is None if wanted is None else got is not None and same(got, wanted, all_frames)
                    if not good:
                        different += 1
                        print(f"     {paths[i].name} {sampler} {amount} {window} {form}: {results[i].get('error') or [f['ms'] for f in got]}")
    what = "frames chosen: 8 samplers × 4 windows × 3 forms (argument, node, node not pushed down)"
    yield counted("decoding", what, f"Towhee's and CLIP4Clip's rules over {against}", different, cases, "runs")

    steady = [path for path in paths if path.name in ("bframes.mp4", "open_gop.mp4", "ntsc.mp4", "bikes.mp4", "bigbuckbunny.mp4", "carphone.mp4")]
    nodes = [node("video_decode.ffmpeg", "path", "frame", sample_type="clip4clip_1fps"), node("test/frame.digest", "frame", "digest")]
    different = cases = 0
    for path, result in zip(steady, program.run(clip, nodes, ["digest"], [{"path": str(path)} for path in steady])):
        numbers = opencv_seconds(path)
        cases += len(numbers)
        different += abs(len(numbers) - len(result["digest"]))
        different += sum(frame["index"] not in these for frame, these in zip(result["digest"], numbers))
    yield counted("decoding", "clip4clip_1fps at constant rates", "CLIP4Clip's loop on " + references.version("opencv-python-headless"),
                  different, cases, f"frames of {len(steady)} clips")  # fmt: skip
