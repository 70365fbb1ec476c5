"""Slide changes of twelve real talks: Ateneo beside PySceneDetect's ContentDetector, found and paid for.

The talks are made of real slides with known times (the shared tool `make_talk_videos.py`), then once more as a camera
at the back of the room would film them: VP9 with a key frame every two seconds, slides that fade into each other in
half a second to a second (the truth is the middle of the fade), sensor noise, a slight perspective, and a person who
walks and moves their arms in front of the slide. To keep the making short, a slide stands for at most twelve seconds
there; every slide of every talk is in. Each program runs alone in a process of its own on each file, and its user and
system time is counted, all threads and the start of Python included.

    python benchmarks/slides.py [--cache DIR] [--limit N] [--whole]      (needs ffmpeg, poppler-utils, scenedetect)
"""

import argparse
import itertools
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
TOLERANCE = 1.0  # s
FPS = 25
SIZE = 1280, 720
LONGEST_STAYS = 7.0, 12.0  # s that a slide stands at most in the harder talks
BITS = 2_000_000  # a second, of the harder talks
NOISE = 7.0  # grey levels, standard deviation, of the sensor

Picture = NDArray[np.uint8]


@dataclass
class Score:
    """What one program found in one video, or in all of them."""

    truth: int = 0
    found: int = 0
    right: int = 0
    seconds: float = 0.0

    def add(self, other: "Score") -> None:
        self.truth, self.found = self.truth + other.truth, self.found + other.found
        self.right, self.seconds = self.right + other.right, self.seconds + other.seconds

    def __str__(self) -> str:
        precision, recall = self.right / max(1, self.found), self.right / max(1, self.truth)
        return f"{self.found:5d} {precision:6.3f} {recall:6.3f} {self.seconds:8.2f}"


def matched(truth: list[float], found: list[float]) -> int:
    """How many true changes have a found one within TOLERANCE, each found one serving once."""
    left, count = sorted(found), 0
    for second in truth:
        near = [f for f in left if abs(f - second) <= TOLERANCE]
        if near:
            left.remove(min(near, key=lambda f: abs(f - second)))
            count += 1
    return count


def ours(path: Path) -> list[float]:
    from ateneo.ingest.slides import find_slides

    return [shown.start for shown in find_slides(path)][1:]


def peers(path: Path) -> list[float]:
    from scenedetect import ContentDetector, detect

    return [scene[0].seconds for scene in detect(str(path), ContentDetector())][1:]


PROGRAMS = {"ateneo": ours, "scenedetect": peers}


def measure(program: str, path: Path) -> Score:
    """Runs one program on one video in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, "--child", program, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = json.loads(done.stdout.splitlines()[-1])
    truth = [slide["second"] for slide in json.loads(path.with_suffix(".truth.json").read_text())][1:]
    return Score(len(truth), len(found), matched(truth, found), spent)


def slides_of(path: Path, truth: list[dict[str, float]]) -> Iterator[Picture]:
    """Each slide of a talk as it stands shortly before it goes, RGB."""
    with av.open(str(path)) as container:
        length = float(container.duration or 0) / av.time_base
        ends = [slide["second"] for slide in truth[1:]] + [length]
        for slide, end in zip(truth, ends, strict=True):
            middle = (slide["second"] + end) / 2
            container.seek(int(middle * av.time_base))
            frame = next(f for f in container.decode(video=0) if f.time is not None and f.time >= middle - 0.1)
            yield frame.to_ndarray(format="rgb24")


def filmed(picture: Picture) -> Picture:
    """The slide on a wall, seen a little from the side."""
    width, height = SIZE
    corners = (70, 40), (60, height - 30), (width - 110, height - 75), (width - 90, 80)  # where the slide's corners go
    wanted = (0, 0), (0, height), (width, height), (width, 0)
    rows = []
    for (x, y), (u, v) in zip(corners, wanted, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    values = [n for corner in wanted for n in corner]
    mapping = np.linalg.solve(np.array(rows, float), np.array(values, float))
    image = Image.fromarray(picture).resize(SIZE)
    wall = image.transform(
        SIZE, Image.Transform.PERSPECTIVE, list(mapping), Image.Resampling.BICUBIC, fillcolor=(58, 56, 54)
    )
    return (np.asarray(wall) * 0.85 + 12).astype(np.uint8)


def planes(picture: Picture) -> Picture:
    """RGB → YUV 4:2:0, the planes below each other."""
    return av.VideoFrame.from_ndarray(picture, format="rgb24").to_ndarray(format="yuv420p")


def with_person(picture: Picture, second: float) -> Picture:
    """Somebody in front of the slide's right half, walking, swaying and moving both arms; planes in and out."""
    width, height = SIZE
    quarter = height // 4  # rows of a chroma plane of half width, laid out in rows of full width
    light, blue, red = picture[:height], picture[height : height + quarter], picture[height + quarter :]
    chroma = [plane.reshape(height // 2, width // 2) for plane in (blue, red)]
    drawn = [_person(light, second, scale=1.0, colours=(45, 158))]
    drawn += [_person(p, second, scale=0.5, colours=c) for p, c in zip(chroma, ((138, 108), (124, 148)), strict=True)]
    return np.concatenate([drawn[0], *(plane.reshape(quarter, width) for plane in drawn[1:])])


def _person(plane: Picture, second: float, *, scale: float, colours: tuple[int, int]) -> Picture:
    image = Image.fromarray(plane)
    draw, (cloth, skin) = ImageDraw.Draw(image), colours

    def at(*numbers: float) -> list[float]:
        return [number * scale for number in numbers]

    x = 880 + 190 * math.sin(second / 4.1) + 12 * math.sin(second * 1.9)
    y = 330 + 5 * math.sin(second * 3.7)
    draw.rounded_rectangle(at(x - 62, y, x + 62, 740), 40 * scale, fill=cloth)
    draw.ellipse(at(x - 40, y - 100, x + 40, y + 4), fill=skin)
    for side, phase in ((-1, 0.0), (1, 1.3)):
        swing = math.sin(second * 1.4 + phase)
        hand_x, hand_y = x + side * (115 + 30 * swing), y + 130 - 130 * max(0.0, swing)
        elbow = x + side * 95, y + 110 - 40 * swing
        draw.line(at(x + side * 50, y + 35, *elbow, hand_x, hand_y), fill=cloth, width=int(34 * scale), joint="curve")
        draw.ellipse(at(hand_x - 20, hand_y - 20, hand_x + 20, hand_y + 20), fill=skin)
    return np.asarray(image)


def harder(talk: Path, out: Path, *, whole: bool = False) -> None:
    """Films the talk, all of it where `whole`; writes the video and its truth."""
    truth = json.loads(talk.with_suffix(".truth.json").read_text())
    dice, noise = random.Random(talk.stem), np.random.default_rng(1)
    walls = [planes(filmed(picture)) for picture in slides_of(talk, truth)]
    grain = [noise.normal(0, NOISE, (SIZE[1], SIZE[0])).astype(np.int16) for _ in range(12)]
    stays = [b["second"] - a["second"] for a, b in itertools.pairwise(truth)] + [LONGEST_STAYS[1]]
    cuts = [0.0, *np.cumsum([stay if whole else min(stay, dice.uniform(*LONGEST_STAYS)) for stay in stays])]
    fades = [dice.uniform(0.5, 1.0) for _ in cuts]
    with av.open(str(out), "w") as container:
        options = {"deadline": "realtime", "cpu-used": "8"}
        stream = container.add_stream("libvpx-vp9", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size, stream.bit_rate = *SIZE, "yuv420p", 2 * FPS, BITS
        for number in range(int(cuts[-1] * FPS)):
            second = number / FPS
            picture = with_person(_mixed(walls, cuts, fades, second), second)
            light = picture[: SIZE[1]]
            np.clip(light + grain[dice.randrange(12)], 0, 255, out=light, casting="unsafe")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
        container.mux(stream.encode(None))
    found = [{"second": round(float(cut), 3), "page": slide["page"]} for cut, slide in zip(cuts, truth, strict=False)]
    out.with_suffix(".truth.json").write_text(json.dumps(found))


def _mixed(walls: list[Picture], cuts: list[float], fades: list[float], second: float) -> Picture:
    """What the projector shows at this second."""
    at = max(n for n in range(len(walls)) if n == 0 or second >= cuts[n] - fades[n] / 2)
    share = min(1.0, (second - cuts[at]) / fades[at] + 0.5) if at else 1.0
    if share >= 1:
        return walls[at]
    return (walls[at] * share + walls[at - 1] * (1 - share)).astype(np.uint8)


def made(cache: Path, limit: int, *, whole: bool) -> dict[str, list[Path]]:
    """The talks, plain and harder, made where they are not in the cache yet."""
    plain, hard = cache / "plain", cache / ("whole" if whole else "hard")
    hard.mkdir(parents=True, exist_ok=True)
    if len(list(plain.glob("*.truth.json"))) < limit:
        tool = SHARED / "tools" / "make_talk_videos.py"
        subprocess.run([sys.executable, str(tool), str(plain), "--limit", str(limit)], check=True, stdout=sys.stderr)
    talks = sorted(plain.glob("*.mp4"))[:limit]
    for talk in talks:
        out = hard / f"{talk.stem}.webm"
        if not out.with_suffix(".truth.json").exists():
            print(f"filming {talk.stem}", file=sys.stderr)
            harder(talk, out, whole=whole)
    return {"plain": talks, "harder": [hard / f"{talk.stem}.webm" for talk in talks]}


def compare(name: str, videos: list[Path]) -> None:
    """One row a talk, then the sums and the ratio of processor times."""
    sums = {program: Score() for program in PROGRAMS}
    columns = "found  prec.   rec.    CPU s"
    print(f"\n{name:26} truth | {'Ateneo: ' + columns:>36} | {'PySceneDetect: ' + columns:>43}")
    for video in videos:
        scores = {program: measure(program, video) for program in PROGRAMS}
        for program, score in scores.items():
            sums[program].add(score)
        mine, theirs = scores.values()
        print(f"{video.stem:26} {mine.truth:5d} | {mine!s:>36} | {theirs!s:>43}", flush=True)
    mine, theirs = sums.values()
    print(f"{'all':26} {mine.truth:5d} | {mine!s:>36} | {theirs!s:>43}")
    print(f"{name}: Ateneo takes 1/{theirs.seconds / mine.seconds:.1f} of the processor time of PySceneDetect")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="keep the videos here (default: a temporary folder)")
    parser.add_argument("--limit", type=int, default=12, help="only so many talks")
    parser.add_argument("--whole", action="store_true", help="film the talks in their whole length (slow to make)")
    parser.add_argument("--child", nargs=2, metavar=("PROGRAM", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(PROGRAMS[given.child[0]](Path(given.child[1]))))
        return
    if not (SHARED / "data" / "talks_nwit").exists():
        sys.exit(f"skipped: no talks under {SHARED}; set ATENEO_SHARED")
    with tempfile.TemporaryDirectory() as temporary:
        for name, videos in made(given.cache or Path(temporary), given.limit, whole=given.whole).items():
            compare(name, videos)


if __name__ == "__main__":
    main()
