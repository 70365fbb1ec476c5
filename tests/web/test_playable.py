"""Recordings that browsers cannot play get a copy that they can: whole, in time, once, in the background."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ateneo import Archive, InputError
from ateneo.ingest import playable
from ateneo.ingest.media import probe
from tests.web.conftest import client_of

SECONDS = 6.0


def write(path: Path, *, video: str | None = "libx264", audio: str | None = "aac", pixels: str = "yuv420p") -> Path:
    """A recording that turns from black to white in the middle, with a tone from there on."""
    with av.open(str(path), "w") as container:
        streams = []
        if video:
            seen = container.add_stream(video, rate=10)
            seen.width, seen.height, seen.pix_fmt = 320, 180, pixels
            streams.append(seen)
        if audio:
            heard = container.add_stream(audio, rate=48_000, layout="mono")
        for n in range(int(SECONDS * 10) if video else 0):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 255 * (n >= 30), np.uint8), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, 10)
            container.mux(seen.encode(frame))
        for n in range(int(SECONDS * 48_000 / 1024) if audio else 0):
            at = (np.arange(1024) + 1024 * n) / 48_000
            tone = (0.4 * np.sin(2 * np.pi * 440 * at) * (at >= 3)).astype(np.float32)[None]
            sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48_000, 1024 * n, Fraction(1, 48_000)
            container.mux(heard.encode(sound))
        for stream in [*streams, *([heard] if audio else [])]:
            container.mux(stream.encode(None))
    return path


def turns(path: Path) -> tuple[float | None, float | None]:
    """When the picture turns white and when the tone begins, in seconds from the start of the recording."""
    white = tone = None
    with av.open(str(path)) as container:
        zero = (container.start_time or 0) / av.time_base
        for frame in container.decode():
            at = float(frame.pts * frame.time_base) - zero
            if isinstance(frame, av.VideoFrame) and white is None and frame.to_ndarray(format="gray").mean() > 128:
                white = at
            if isinstance(frame, av.AudioFrame) and tone is None and np.abs(frame.to_ndarray()).max() > 0.1:
                tone = at
    return white, tone


@pytest.mark.parametrize(
    ("name", "video", "audio", "pixels", "plays"),
    [("a.mp4", "libx264", "aac", "yuv420p", True), ("a.webm", "libvpx", "libopus", "yuv420p", True),
     ("a.mkv", "libx264", "aac", "yuv420p", False), ("a.avi", "mpeg4", "libmp3lame", "yuv420p", False),
     ("a.mp4", "libx265", "aac", "yuv420p", False), ("a.mp4", "libx264", "aac", "yuv444p", False),
     ("a.mp3", None, "libmp3lame", "", True), ("a.wav", None, "pcm_s16le", "", True),
     ("a.ac3", None, "ac3", "", False)],
)  # fmt: skip
def test_what_browsers_play_is_left_alone_and_the_rest_becomes_an_mp4_in_time(
    tmp_path: Path, name: str, video: str | None, audio: str, pixels: str, plays: bool
) -> None:
    recording = write(tmp_path / name, video=video, audio=audio, pixels=pixels)
    assert playable.plays(recording) is plays
    if plays:
        return
    told: list[float] = []
    playable.make(recording, tmp_path / "copy" / "copy.mp4", progress=told.append)
    copy = tmp_path / "copy" / "copy.mp4"
    assert playable.plays(copy)
    assert probe(copy).duration == pytest.approx(SECONDS, abs=0.35)
    white, tone = turns(copy)
    assert tone == pytest.approx(3.0, abs=0.15)
    assert white == (None if video is None else pytest.approx(3.0, abs=0.15))
    assert (told[-1], told) == (1.0, sorted(told))


def test_a_copy_begins_with_its_index(tmp_path: Path) -> None:
    playable.make(write(tmp_path / "a.mkv"), tmp_path / "copy.mp4", progress=lambda done: None)
    content = (tmp_path / "copy.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_what_cannot_be_converted_leaves_no_copy_and_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "a.mkv"
    broken.write_bytes(write(tmp_path / "whole.mkv").read_bytes()[:200])
    with pytest.raises(InputError, match=r"a\.mkv"):
        playable.make(broken, tmp_path / "copies" / "copy.mp4", progress=lambda done: None)
    assert not list((tmp_path / "copies").iterdir())


def test_a_page_asks_for_the_copy_and_gets_it_once_it_is_made(tmp_path: Path) -> None:
    recording = write(tmp_path / "charla.avi", video="mpeg4", audio="libmp3lame")
    Archive(tmp_path / "archive").add(recording, speech=False)
    with client_of(tmp_path / "archive") as client:
        states = [client.get("/api/talks/charla/playing").json()]
        assert client.get("/api/talks/charla/recording").status_code == 404
        end = time.monotonic() + 60
        while states[-1]["state"] in ("waiting", "making") and time.monotonic() < end:
            time.sleep(0.1)
            states.append(client.get("/api/talks/charla/playing").json())
        assert states[0]["state"] in ("waiting", "making")
        assert (states[-1]["state"], states[-1]["type"]) == ("ready", "video/mp4")
        assert client.get("/api/talks/charla/recording").content[4:8] == b"ftyp"
    assert len(list((tmp_path / "archive" / "cache" / "playable").iterdir())) == 1


def test_a_recording_that_cannot_be_played_says_so(tmp_path: Path) -> None:
    recording = write(tmp_path / "charla.avi", video="mpeg4", audio=None)
    Archive(tmp_path / "archive").add(recording)
    recording.write_bytes(recording.read_bytes()[:300])
    with client_of(tmp_path / "archive") as client:
        found = client.get("/api/talks/charla/playing").json()
        assert (found["state"], "charla.avi" in found["problem"]) == ("failed", True)
