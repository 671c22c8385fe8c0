"""Scenes, their captions and their video files.

A scene is a few equal shapes that move as one group over a background. Everything random about it comes from one seed.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import av
import numpy as np
from PIL import Image, ImageDraw

FRAME_RATE = 25
SUBFRAMES = 3  # averaged into one frame: an open shutter, so that motion blurs
SUPERSAMPLE = 2
FRAME_SIZES = ((128, 128), (160, 120), (160, 128), (176, 144), (128, 160))

COLOURS = {
    "red": (215, 30, 35),
    "green": (35, 165, 60),
    "blue": (35, 70, 220),
    "yellow": (240, 220, 40),
    "orange": (245, 135, 25),
    "purple": (125, 40, 165),
    "pink": (250, 130, 180),
    "white": (245, 245, 245),
}
SHAPES = {
    "circle": ("circle", "disc"),
    "square": ("square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "cross": ("cross", "plus sign"),
    "ring": ("ring",),
}
COUNTS = (1, 2, 3, 4)
SIZES = {"small": ("small", "little"), "big": ("big", "large")}
MOTIONS = {
    "still": ("standing still", "not moving", "staying still", "at rest"),
    "horizontal": ("moving left and right", "moving horizontally", "moving side to side", "sliding left and right"),
    "vertical": ("moving up and down", "moving vertically", "bouncing up and down"),
    "circular": ("moving in a circle", "moving in circles", "circling around", "going around in a circle"),
    "pulsing": ("growing and shrinking", "changing size", "getting bigger and smaller", "pulsing"),
    "blinking": ("blinking", "flashing", "blinking on and off", "appearing and disappearing"),
}
BACKGROUNDS = {
    "black": (18, 18, 20),
    "white": (238, 238, 236),
    "gray": (128, 128, 130),
    "green": (60, 130, 70),
    "blue": (60, 95, 170),
    "brown": (110, 75, 45),
    "striped": None,
    "checkered": None,
}
ATTRIBUTES = {
    "colour": tuple(COLOURS),
    "shape": tuple(SHAPES),
    "count": COUNTS,
    "size": tuple(SIZES),
    "motion": tuple(MOTIONS),
    "background": tuple(BACKGROUNDS),
}


@dataclass(frozen=True)
class Scene:
    colour: str
    shape: str
    count: int
    size: str
    motion: str
    background: str

    def classes(self) -> list[int]:
        return [values.index(getattr(self, name)) for name, values in ATTRIBUTES.items()]

    def combination(self) -> tuple:
        """What is held out of training."""
        return self.colour, self.shape, self.count, self.motion


def combinations() -> list[tuple]:
    return list(product(COLOURS, SHAPES, COUNTS, MOTIONS))


def random_scene(combination: tuple, random: np.random.Generator) -> Scene:
    colour, shape, count, motion = combination
    backgrounds = [name for name in BACKGROUNDS if name != colour]
    size, background = random.choice(list(SIZES)), random.choice(backgrounds)
    return Scene(colour, shape, count, str(size), motion, str(background))


# Captions


COUNT_WORDS = {2: "two", 3: "three", 4: "four"}
TEMPLATES = (
    "{things} {motion} {place}",
    "{things} {motion} {place}",
    "{things} {place} {motion}",
    "{place}, {things} {motion}",
    "{things} {are} {motion} {place}",
    "{things} that {are} {motion} {place}",
    "a video of {things} {motion} {place}",
    "there {are} {things} {motion} {place}",
    "{things}, {motion}, {place}",
)
HELD_OUT_TEMPLATES = (
    "in this clip we can see {things}, which {are} {motion} {place}",
    "someone filmed {things} while {motion} {place}",
)


def pick(options, random: np.random.Generator):
    return options[random.integers(len(options))]


def things_phrase(scene: Scene, said: set[str], random: np.random.Generator) -> str:
    adjectives = []
    if "size" in said:
        adjectives.append(pick(SIZES[scene.size], random))
    if "colour" in said:
        adjectives.append(scene.colour)
    if random.random() < 0.3:
        adjectives.reverse()
    noun = pick(SHAPES[scene.shape], random) if "shape" in said else pick(("shape", "thing", "object"), random)
    if scene.count > 1:
        plural = noun + ("es" if noun.endswith(("s", "x")) else "s")
        return " ".join([COUNT_WORDS[scene.count], *adjectives, plural])
    words = " ".join([*adjectives, noun])
    article = "an" if words[0] in "aeiou" else "a"
    return f"{pick((article, article, 'one', 'a single'), random)} {words}"


def place_phrase(scene: Scene, random: np.random.Generator) -> str:
    article = pick(("a", "a", "the"), random)
    relation = pick(("on", "over", "against", "in front of", "with"), random)
    return f"{relation} {article} {scene.background} background"


def keyword_caption(scene: Scene, said: set[str], random: np.random.Generator) -> str:
    words = [COUNT_WORDS.get(scene.count, "one")]
    words += [getattr(scene, name) for name in ("colour", "shape", "size") if name in said]
    words += [pick(MOTIONS[scene.motion], random)] if "motion" in said else []
    words += [f"{scene.background} background"] if "background" in said else []
    random.shuffle(words)
    return pick((" ", ", "), random).join(words)


def caption(scene: Scene, said: set[str], random: np.random.Generator, templates=TEMPLATES) -> str:
    """A sentence that tells the attributes in `said`; the count is always told."""
    text = pick(templates, random).format(
        things=things_phrase(scene, said, random),
        motion=pick(MOTIONS[scene.motion], random) if "motion" in said else "",
        place=place_phrase(scene, random) if "background" in said else "",
        are="is" if scene.count == 1 else "are",
    )
    return " ".join(text.replace(" ,", ",").split()).strip(", ")


def plain_caption(scene: Scene) -> str:
    """The first word for everything: "two big red circles moving up and down over a blue background"."""
    noun = scene.shape if scene.count == 1 else scene.shape + ("es" if scene.shape.endswith("s") else "s")
    motion = MOTIONS[scene.motion][0]
    number = COUNT_WORDS.get(scene.count, "a")
    return f"{number} {scene.size} {scene.colour} {noun} {motion} over a {scene.background} background"


def training_caption(scene: Scene, random: np.random.Generator) -> tuple[str, set[str]]:
    said = set(ATTRIBUTES)
    if random.random() < 0.4:
        said -= {name for name in ("colour", "shape", "size", "motion", "background") if random.random() < 0.4}
    if random.random() < 0.1:
        return keyword_caption(scene, said, random), said
    # A sentence without a motion or a place has no use for "that are".
    templates = TEMPLATES if {"motion", "background"} <= said else TEMPLATES[:1]
    return caption(scene, said, random, templates), said


# Pixels


def tinted(colour, random: np.random.Generator, spread: int) -> np.ndarray:
    return np.clip(np.array(colour) + random.integers(-spread, spread + 1, 3), 0, 255).astype(np.float32)


def muted_colour(random: np.random.Generator) -> np.ndarray:
    return random.integers(60, 200) + random.integers(-35, 36, 3).astype(np.float32)


def background_pixels(name: str, width: int, height: int, random: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if BACKGROUNDS[name] is None:
        first, second = muted_colour(random), muted_colour(random)
        if abs(first.mean() - second.mean()) < 40:
            second = np.where(first.mean() > 128, first - 60, first + 60)
        period = random.uniform(14, 28)
        angle = random.uniform(0, np.pi)
        u, v = (x * np.cos(angle) + y * np.sin(angle)) / period, (y * np.cos(angle) - x * np.sin(angle)) / period
        mask = np.floor(2 * u) % 2 if name == "striped" else (np.floor(u) + np.floor(v)) % 2
        pixels = first + mask[..., None] * (second - first)
    else:
        pixels = np.broadcast_to(tinted(BACKGROUNDS[name], random, 14), (height, width, 3)).copy()
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0, 24)
    slope = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    noise = random.normal(0, random.uniform(0, 5), (height, width, 1))
    return np.clip(pixels + (strength * slope + noise[..., 0])[..., None], 0, 255)


def shape_points(shape: str, tilt: float) -> np.ndarray:
    """The outline of a shape of radius 1."""
    if shape == "square":
        angles, radii = np.pi / 4 + np.arange(4) * np.pi / 2, np.ones(4)
    elif shape == "triangle":
        angles, radii = -np.pi / 2 + np.arange(3) * 2 * np.pi / 3, np.ones(3)
    elif shape == "star":
        angles, radii = -np.pi / 2 + np.arange(10) * np.pi / 5, np.where(np.arange(10) % 2, 0.42, 1.05)
    else:
        a, b = 0.98, 0.32
        corners = np.array([(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b),
                            (-a, -b), (-b, -b)])
        angles, radii = np.arctan2(corners[:, 1], corners[:, 0]), np.hypot(corners[:, 0], corners[:, 1])
    return np.stack([radii * np.cos(angles + tilt), radii * np.sin(angles + tilt)], axis=1)


def shape_mask(shape: str, radius: float, tilt: float) -> Image.Image:
    """The coverage of one shape, antialiased by drawing it four times as large."""
    half = max(int(np.ceil(radius * 1.1)), 1)
    centre, fine = 4 * half, 4 * radius
    image = Image.new("L", (8 * half, 8 * half))
    draw = ImageDraw.Draw(image)
    if shape in ("circle", "ring"):
        draw.ellipse([centre - fine, centre - fine, centre + fine, centre + fine], fill=255)
        if shape == "ring":
            hole = 0.58 * fine
            draw.ellipse([centre - hole, centre - hole, centre + hole, centre + hole], fill=0)
    else:
        draw.polygon([tuple(point) for point in centre + fine * shape_points(shape, tilt)], fill=255)
    return image.reduce(4)


def places(count: int, radius: float, reach: tuple[float, float], random: np.random.Generator):
    """Centres in the unit square that neither overlap nor leave it; None where there is no room."""
    low = np.array([radius + reach[0], radius + reach[1]]) + 0.01
    if (low > 0.5).any():
        return None
    for _ in range(200):
        points = random.uniform(low, 1 - low, (count, 2))
        distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + 9 * np.eye(count)
        if distances.min() > 2.15 * radius:
            return points
    return None


@dataclass(frozen=True)
class Track:
    """One group's motion: offset, scale and visibility at a time in seconds."""

    motion: str
    reach: float
    period: float
    phase: float
    turn: float

    def at(self, time: float) -> tuple[float, float, float, bool]:
        angle = 2 * np.pi * (self.turn * time / self.period + self.phase)
        wave = np.sin(angle)
        if self.motion == "horizontal":
            return self.reach * wave, 0, 1, True
        if self.motion == "vertical":
            return 0, self.reach * wave, 1, True
        if self.motion == "circular":
            return self.reach * wave, self.reach * np.cos(angle), 1, True
        if self.motion == "pulsing":
            return 0, 0, 0.85 + 0.4 * wave, True
        if self.motion == "blinking":
            return 0, 0, 1, bool(wave > -0.2)
        return 0, 0, 1, True


def random_track(scene: Scene, random: np.random.Generator) -> tuple[Track, np.ndarray, float]:
    while True:
        radius = random.uniform(0.115, 0.135) if scene.size == "big" else random.uniform(0.062, 0.078)
        reach = random.uniform(0.13, 0.24)
        track = Track(scene.motion, reach, random.uniform(0.7, 1.6), random.uniform(0, 1), float(pick((-1, 1), random)))
        room = (reach * (scene.motion in ("horizontal", "circular")), reach * (scene.motion in ("vertical", "circular")))
        centres = places(scene.count, radius * (1.25 if scene.motion == "pulsing" else 1), room, random)
        if centres is not None:
            return track, centres, radius


def rendered_frames(scene: Scene, seed: int, size=None, count: int | None = None) -> list[np.ndarray]:
    """Of `size` (width, height) and so many; drawn from the seed where they are not given."""
    random = np.random.default_rng(seed)
    drawn_size = pick(FRAME_SIZES, random)
    drawn_count = int(random.integers(2 * FRAME_RATE, 3 * FRAME_RATE + 1))
    (width, height), count = size or drawn_size, count or drawn_count
    background = background_pixels(scene.background, width, height, random)
    colour = tinted(COLOURS[scene.colour], random, 18)
    track, centres, radius = random_track(scene, random)
    tilt = random.uniform(-0.25, 0.25)
    side = SUPERSAMPLE * min(width, height)
    origin = (SUPERSAMPLE * np.array([width, height]) - side) / 2

    def coverage(time: float) -> np.ndarray:
        dx, dy, scale, visible = track.at(time)
        canvas = Image.new("L", (SUPERSAMPLE * width, SUPERSAMPLE * height))
        if visible:
            mask = shape_mask(scene.shape, side * radius * scale, tilt)
            for x, y in origin + side * (centres + (dx, dy)):
                corner = (round(x - mask.width / 2), round(y - mask.height / 2))
                canvas.paste(255, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)
        return np.asarray(canvas.reduce(SUPERSAMPLE), dtype=np.float32) / 255

    def frame(index: int) -> np.ndarray:
        times = [(index + part / SUBFRAMES) / FRAME_RATE for part in range(SUBFRAMES)]
        alpha = np.mean([coverage(time) for time in times], axis=0)[..., None]
        return np.rint(background + alpha * (colour - background)).astype(np.uint8)

    if scene.motion == "still":
        return [frame(0)] * count
    return [frame(index) for index in range(count)]


def encode_video(path: str, frames: list[np.ndarray], crf: int = 23, preset: str = "medium") -> None:
    """H.264 in mp4, 4:2:0, BT.601 limited range, tagged so."""
    height, width = frames[0].shape[:2]
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FRAME_RATE)
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace, stream.codec_context.color_range = 6, 1
        stream.options = {"crf": str(crf), "preset": preset}
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU601", dst_color_range="MPEG")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
