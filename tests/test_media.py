"""What a recording holds, told by what decodes, and its sound on the clock of its pictures."""

import re
from pathlib import Path

import av
import numpy as np
import pytest
from ateneo_test_engines.sound import music, silence, write_wav
from PIL import Image

from ateneo import InputError
from ateneo.engines import SAMPLE_RATE
from ateneo.ingest import media
from tests.conftest import write_video

# The files of shared/data/malformed that no decoder gets a picture or a sound out of, and why.
REFUSED = {
    "106-invalid-streaminfo.flac": "invalid data",
    "52-overwritten-metadata.flac": "none of its sound",
    "64bit.mp4": "no sound and no pictures",
    "bad-POPM-frame.mp3": "invalid data",
    "bipbop_480wp_1001kbps-cenc-video-key1-init.mp4": "none of its sound",
    "bipbop_audioinit.mp4": "none of its sound",
    "bipbop_cbcs_video_init.mp4": "none of its sound",
    "bipbop_nonfragment_header.mp4": "none of its sound",
    "chunk_out_of_range.mp4": "invalid data",
    "invalid_userdata.mp4": "none of its sound",
    "short-cenc.mp4": "none of its sound",
    "test_case_1185230.mp4": "none of its sound",
    "too-short.mp3": "invalid data",
    "zero_empty_stsc.mp4": "none of its sound",
}


def test_of_the_malformed_files_those_that_decode_are_taken_and_the_others_refused(shared: Path) -> None:
    files = [path for path in sorted((shared / "malformed").rglob("*")) if path.is_file() and path.suffix != ".txt"]
    for path in files:
        if path.suffix == ".avif" or path.name in REFUSED:
            why = "picture|invalid data" if path.suffix == ".avif" else REFUSED[path.name]
            with pytest.raises(InputError, match=f"^cannot read {re.escape(str(path))}: .*({why}).*; "):
                media.probe(path)
        else:
            found = media.probe(path)
            assert found.has_audio or found.has_video, path
            assert found.duration > 0, path
    assert len(files) >= 60


def test_a_cover_is_no_video_and_tags_are_read(shared: Path) -> None:
    found = media.probe(shared / "malformed/mutagen/has-tags.m4a")
    assert (found.has_audio, found.has_video) == (True, False)
    assert found.tags["artist"] == "Test Artist"


def test_subtitles_inside_a_recording_are_found(shared: Path) -> None:
    found = media.probe(shared / "video/torchcodec/nasa_13013.mp4")
    assert [(stream.language, stream.readable) for stream in found.subtitles] == [("en", True), ("en", True)]


def test_a_picture_is_no_talk(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "x.png")
    with pytest.raises(InputError, match="it is a picture, not a recording"):
        media.probe(tmp_path / "x.png")


@pytest.mark.parametrize("name", ["absent.mp4", "folder.mp4", "empty.mp4", "text.mp4"])
def test_what_is_no_recording_is_refused_with_a_next_step(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no film\n")
    with pytest.raises(InputError, match=r"^cannot read .*: .*; "):
        media.probe(tmp_path / name)


def test_a_video_without_sound_has_no_blocks(tmp_path: Path) -> None:
    path = write_video(tmp_path / "silent.mp4", ["UNO"], seconds=1.0)
    assert media.probe(path).has_audio is False
    assert list(media.audio_blocks(path)) == []


def test_sound_comes_in_blocks_that_follow_one_another(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", music(7))
    blocks = list(media.audio_blocks(path, seconds=2))
    assert len(blocks) > 1
    at = 0.0
    for offset, samples in blocks:
        assert offset == pytest.approx(at, abs=0.002)
        assert samples.dtype == np.float32
        at += len(samples) / SAMPLE_RATE
    assert at == pytest.approx(7.0, abs=0.01)


def test_a_click_is_heard_at_its_own_second_whatever_the_file_calls_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "late.ts"  # MPEG-TS begins at 1.4 s
    rate = 44_100
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp2", rate=rate, layout="mono")
        sound = np.zeros((1, 5 * rate), np.int16)
        sound[0, 3 * rate : 3 * rate + 2000] = 20_000
        for n in range(0, sound.shape[1] - 1152, 1152):
            frame = av.AudioFrame.from_ndarray(sound[:, n : n + 1152], format="s16p", layout="mono")
            frame.sample_rate, frame.pts = rate, n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clicks = [
        o + np.flatnonzero(np.abs(s) > 0.2)[0] / SAMPLE_RATE for o, s in media.audio_blocks(path) if s.max() > 0.2
    ]
    assert clicks[0] == pytest.approx(3.0, abs=0.05)


def test_a_recording_whose_file_does_not_tell_its_length_is_measured(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "x.wav", silence(3.0))
    path = tmp_path / "live.webm"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        with av.open(str(whole)) as source:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000, frame_size=960)
            for frame in source.decode(audio=0):
                for part in resampler.resample(frame):
                    container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert not container.duration
    assert media.probe(path).duration == pytest.approx(3.0, abs=0.1)
