"""What several test files stand on: the shared data, the command, small recordings made on the spot."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "src" / "ateneo" / "sample"
COMMAND = Path(sys.executable).with_name("ateneo")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data: ATENEO_SHARED, else `shared` beside the repository."""
    folder = Path(os.environ.get("ATENEO_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set ATENEO_SHARED")
    return folder


@pytest.fixture
def ateneo(tmp_path: Path) -> Command:
    """Runs `ateneo --archive TMP/archive ARGUMENTS...` and returns the ended process with its text."""

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, "--archive", tmp_path / "archive", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ATENEO_")}
        settings = {"capture_output": True, "text": True, "timeout": 240, "env": environment} | options
        return subprocess.run(command, **settings)  # type: ignore[call-overload,no-any-return]

    return run


def write_video(
    path: Path,
    texts: list[str],
    *,
    seconds: float = 3.0,
    size: tuple[int, int] = (640, 360),
    grounds: Sequence[str] = ("white",),
) -> Path:
    """A silent H.264 video that shows each text as a slide for so many seconds, at 10 frames a second; the grounds of
    the slides are these colours in turn."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"g": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for text, ground in zip(texts, itertools.cycle(grounds), strict=False):
            picture = Image.new("RGB", size, ground)
            draw = ImageDraw.Draw(picture)
            for row, line in enumerate(text.split("\n")):
                draw.text((30, 40 + 50 * row), line, fill="black", font_size=32)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            for _ in range(int(seconds * 10)):
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_vtt(path: Path, sentences: list[str], *, seconds: float = 4.0) -> Path:
    """A caption file with one sentence a cue, each so many seconds long."""
    stamp = "{:02d}:{:02d}:{:06.3f}".format

    def clock(second: float) -> str:
        return stamp(int(second // 3600), int(second // 60 % 60), second % 60)

    cues = [f"{clock(n * seconds)} --> {clock((n + 1) * seconds)}\n{s}\n" for n, s in enumerate(sentences)]
    path.write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    return path
