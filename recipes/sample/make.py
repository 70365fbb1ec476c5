"""Make the sample archive that ships with Ateneo: `python recipes/sample/make.py [--out DIR] [--truth FILE]`.

Reads talks/*.yaml and writes, for each talk, a recording (H.264, 1280 × 720, spoken by espeak-ng) and its captions,
then talks.csv and README.md, and truth.json with what is shown when and which talks answer which question. The same
input gives the same output. All texts and pictures are the project's own work and every speaker is invented.

Needs ffmpeg and espeak-ng, the Python packages matplotlib, numpy, pillow and pyyaml, and fonts. On Debian:
`apt install ffmpeg espeak-ng fonts-lato fonts-open-sans fonts-firacode fonts-liberation fonts-dejavu-core`.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NEEDS = ("ffmpeg", "espeak-ng")
PACKAGES = {"matplotlib": "matplotlib", "numpy": "numpy", "PIL": "pillow", "yaml": "pyyaml"}
RATE = {"slides": 5, "filmed": 10}  # frames a second
GROUP = 10  # seconds between key frames, besides those at each new slide
QUALITY = {"slides": 25, "filmed": 28}  # x264's CRF
AUDIO = "28k"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--out", type=Path, default=ROOT / "src" / "ateneo" / "sample")
    options.add_argument("--truth", type=Path, default=HERE / "truth.json")
    options.add_argument("--only", default="", help="make this talk's recording only (the file's stem)")
    chosen = options.parse_args()
    check_tools()
    chosen.out.mkdir(parents=True, exist_ok=True)
    truth = []
    for stem, talk in read_talks():
        truth.append(make_talk(stem, talk, out=chosen.out, encode=chosen.only in ("", stem)))
        print(f"{stem}: {truth[-1]['duration']:.0f} s, {len(truth[-1]['slides'])} slides", file=sys.stderr)
    write_lists(chosen.out, truth)
    chosen.truth.write_text(json.dumps(with_answers(truth), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def check_tools() -> None:
    """Exits with one line for everything that is missing."""
    missing = [tool for tool in NEEDS if shutil.which(tool) is None]
    missing += [pip for module, pip in PACKAGES.items() if find_spec(module) is None]
    if not missing:
        from themes import missing_fonts

        missing = [f"the font {family}" for family in missing_fonts()]
    if missing:
        sys.exit(f"cannot make the sample: missing {', '.join(missing)}; {Path(__file__).name} says how to install")


def read_talks() -> Iterator[tuple[str, dict[str, Any]]]:
    """(stem, description) of every talk, by file name."""
    import yaml

    for path in sorted((HERE / "talks").glob("*.yaml")):
        yield path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))


def make_talk(stem: str, talk: Mapping[str, Any], *, out: Path, encode: bool) -> dict[str, Any]:
    """Writes recording and captions of one talk; returns its truth: metadata, duration, slides, hands."""
    from speech import speak, vtt, wav

    spoken = speak(talk)
    for language, cues in spoken.captions.items():
        (out / f"{stem}.{language}.vtt").write_text(vtt(cues, language), encoding="utf-8")
    if encode:
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "voice.wav"
            sound.write_bytes(wav(spoken.samples))
            record(talk, spoken.slides, duration=spoken.duration, sound=sound, path=out / f"{stem}.mp4")
    edges = [*spoken.slides, spoken.duration]
    slides = [
        {
            "start": round(a, 3),
            "end": round(b, 3),
            "kind": s["kind"],
            "heading": s.get("heading", talk["title"]),
            "picture": s.get("picture"),
        }
        for a, b, s in zip(edges, edges[1:], talk["slides"], strict=False)
    ]
    return {
        "file": stem + ".mp4",
        **{k: talk[k] for k in ("title", "speakers", "date", "number", "language")},
        "captions": sorted(spoken.captions),
        "duration": round(spoken.duration, 3),
        "filmed": talk.get("filmed", False),
        "slides": slides,
        "hands_raised": [[round(a, 3), round(b, 3)] for a, b in hands(talk, spoken.slides)],
    }


def hands(talk: Mapping[str, Any], starts: Sequence[float]) -> list[tuple[float, float]]:
    """When both hands are up, in seconds of the recording."""
    return [
        (start + slide["hands"][0], start + slide["hands"][1])
        for start, slide in zip(starts, talk["slides"], strict=True)
        if "hands" in slide
    ]


def record(talk: Mapping[str, Any], starts: Sequence[float], *, duration: float, sound: Path, path: Path) -> None:
    """Encodes slides and voice; frames go to ffmpeg as they are drawn."""
    style = "filmed" if talk.get("filmed") else "slides"
    rate = RATE[style]
    encoder = subprocess.Popen(encoding(style, sound, path=path), stdin=subprocess.PIPE)
    assert encoder.stdin is not None
    for picture in frames(talk, starts, count=round(duration * rate), rate=rate):
        encoder.stdin.write(picture)
    encoder.stdin.close()
    if encoder.wait():
        sys.exit(f"cannot make {path.name}: ffmpeg failed; its message is above")


def encoding(style: str, sound: Path, *, path: Path) -> list[str]:
    """The ffmpeg command for raw frames on stdin. One thread and no dates: the same input gives the same file."""
    rate, tune = RATE[style], "film" if style == "filmed" else "stillimage"
    frames_in = f"-f rawvideo -pix_fmt rgb24 -s 1280x720 -r {rate} -i -"
    picture = (
        f"-c:v libx264 -preset medium -tune {tune} -crf {QUALITY[style]} -g {rate * GROUP} -threads 1 -pix_fmt yuv420p"
    )
    voice = f"-c:a aac -b:a {AUDIO} -ac 1"
    same = "-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart"
    start = ["ffmpeg", "-v", "error", "-y", *frames_in.split(), "-i", str(sound)]
    return [*start, *picture.split(), *voice.split(), *same.split(), str(path)]


def frames(talk: Mapping[str, Any], starts: Sequence[float], *, count: int, rate: int) -> Iterator[bytes]:
    """Every frame of the recording as RGB bytes; slide n is shown from starts[n] on."""
    from room import frame
    from slides import slide

    shown, spans = -1, hands(talk, starts)
    for n in range(count):
        now = sum(start <= n / rate + 1e-6 for start in starts) - 1
        if now != shown:
            shown, page = now, slide(talk, now)
            pixels = page.tobytes()
        yield frame(page, n / rate, spans=spans).tobytes() if talk.get("filmed") else pixels


def write_lists(out: Path, truth: Sequence[Mapping[str, Any]]) -> None:
    """talks.csv (several speakers joined by "; ") and README.md."""
    with (out / "talks.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("file", "title", "speakers", "date", "number", "language"))
        for talk in truth:
            rows.writerow(
                (
                    talk["file"],
                    talk["title"],
                    "; ".join(talk["speakers"]),
                    talk["date"],
                    talk["number"],
                    talk["language"],
                )
            )
    lines = [
        f"| {t['file']} | {t['title']} | {', '.join(t['speakers'])} | {t['date']} | {' '.join(t['captions'])} |"
        for t in truth
    ]
    head = (HERE / "README.head.md").read_text(encoding="utf-8")
    (out / "README.md").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def with_answers(talks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole truth: the talks, which of them answer the questions, and where the sights are to be seen."""
    import yaml

    answers = yaml.safe_load((HERE / "answers.yaml").read_text(encoding="utf-8"))
    for question in answers["questions"]:
        for key in ("answers", "near_misses"):
            question[key] = [f"{stem}.mp4" for stem in question[key]]
    for sight in answers["sights"]:
        seen = {key: list(_seen(talks, sight[key])) for key in ("kinds", "near_misses")}
        sight.update(right=seen["kinds"], near_misses=seen["near_misses"])
    return {"version": 1, "talks": list(talks), **answers}


def _seen(talks: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Where slides or pictures of these kinds are shown, or hands raised: file, start, end."""
    for talk in talks:
        for slide in talk["slides"]:
            if slide["kind"] in kinds or slide["picture"] in kinds:
                yield {"file": talk["file"], "start": slide["start"], "end": slide["end"]}
        for start, end in talk["hands_raised"] if "hands_raised" in kinds else []:
            yield {"file": talk["file"], "start": start, "end": end}


if __name__ == "__main__":
    main()
