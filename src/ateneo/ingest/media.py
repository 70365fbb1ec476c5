"""What a recording holds, and its sound.

A recording is taken when a decoder really gives a picture or a sound out of it: that a file can be opened says little.
Still pictures are no talks, and the cover of an album is no video. Times start at 0 with the recording itself, as
players show them, whatever the file calls its first moment, so sound, captions and slides share one clock.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from numpy.typing import NDArray

from ateneo.engines import SAMPLE_RATE
from ateneo.errors import InputError
from ateneo.ingest import language

_RECORDINGS = """
.mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .wmv .flv .ogv .3gp .vob .mxf .asf .f4v .mp3 .m4a .m4b .aac
.wav .flac .ogg .oga .opus .wma .aif .aiff .aifc .ac3 .amr .mka .caf .weba
"""
_STILLS = "apng gif ico image2 image2pipe webp xbin"
_TEXTS = "ansi lrc srt webvtt ass subviewer subviewer1 microdvd mpl2 jacosub sami tty bin idf adf"
_STILL_BRANDS = "avif avis heic heix heim heis hevc hevx mif1 msf1 miaf"
_TEXT_SUBTITLES = "ass ssa subrip srt mov_text webvtt text hdmv_text_subtitle ttml"

RECORDINGS = frozenset(_RECORDINGS.split())  # suffixes by which a folder's recordings are known
STILLS, TEXTS = frozenset(_STILLS.split()), frozenset(_TEXTS.split())  # FFmpeg's names of formats
STILL_BRANDS = frozenset(_STILL_BRANDS.split())  # of ISO media files
TEXT_SUBTITLES = frozenset(_TEXT_SUBTITLES.split())  # codecs; the others are pictures of text
TRIES = 60  # packets of a stream that may fail before it is given up; encrypted streams never decode
BLOCK = 30  # s of sound in one block: 2 MB
JUMP = 0.1  # s; a larger hole in the sound begins a new block, a smaller one is jitter of the clock

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Subtitles:
    """A subtitle stream inside a recording; `language` is BCP 47 or None, `readable` says that it holds text."""

    index: int
    language: str | None
    codec: str
    title: str = ""

    @property
    def readable(self) -> bool:
        return self.codec in TEXT_SUBTITLES


@dataclass(frozen=True, slots=True)
class Media:
    """What a recording holds. `duration` is in seconds; `tags` are the container's, names in small letters."""

    duration: float
    has_audio: bool
    has_video: bool
    subtitles: tuple[Subtitles, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def probe(path: Path) -> Media:
    """What the recording holds. Raises InputError for a file that is none, or that no decoder can open."""
    with open_recording(path) as container:
        _refuse_stills(path, container)
        has_audio = any(_decodes(path, stream.index) for stream in container.streams.audio)
        has_video = any(_decodes(path, stream.index) for stream in pictures(container))
        if not has_audio and not has_video:
            raise _refused(path, _why_nothing(container))
        subtitles = tuple(_subtitles(stream) for stream in container.streams.subtitles)
        tags = _tags(container)
        duration = container.duration / av.time_base if container.duration and container.duration > 0 else 0.0
    return Media(
        duration=round(duration or _measured(path), 3),
        has_audio=has_audio,
        has_video=has_video,
        subtitles=tuple(stream for stream in subtitles if stream.readable),
        tags=tags,
    )


def open_recording(path: Path) -> InputContainer:
    """The opened container. Raises InputError where nothing can open the file."""
    try:
        if not path.is_file():
            raise _refused(path, "it is a folder or a device, not a file" if path.exists() else "no such file")
        if path.stat().st_size == 0:
            raise _refused(path, "the file is empty")
        return av.open(str(path), metadata_errors="replace")
    except (FFmpegError, OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise _refused(path, why[:1].lower() + why[1:]) from error


def pictures(container: InputContainer) -> list[Stream]:
    """The video streams, but not the covers of songs."""
    cover = Disposition.attached_pic | Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & cover]


def start_of(container: InputContainer) -> float:
    """What the file calls its first moment, in seconds."""
    return (container.start_time or 0) / av.time_base


def audio_blocks(path: Path, *, seconds: float = BLOCK) -> Iterator[tuple[float, Samples]]:
    """The sound, as (offset in s, mono float32 samples at SAMPLE_RATE, shape (n,)), at most about `seconds` a block.

    A block follows the one before without a hole unless the recording has one there (a lost connection). Damaged
    packets are passed over. Nothing where there is no sound. Raises InputError where nothing can open the file.
    """
    with open_recording(path) as container:
        stream = container.streams.best("audio")
        if stream is None:
            return
        held: list[Samples] = []
        begin, size = 0.0, 0
        for offset, samples in _resampled(container, stream):
            expected = begin + size / SAMPLE_RATE
            if size and (size >= seconds * SAMPLE_RATE or abs(offset - expected) > JUMP):
                yield begin, np.concatenate(held)
                begin, held, size = max(offset, expected) if abs(offset - expected) > JUMP else expected, [], 0
            elif not size:
                begin = max(offset, 0.0)
            held.append(samples)
            size += len(samples)
        if size:
            yield begin, np.concatenate(held)


def _resampled(container: InputContainer, stream: Stream) -> Iterator[tuple[float, Samples]]:
    """Each decoded stretch with its second; a change of rate or channels inside the stream is followed."""
    zero, resampler, now = start_of(container), None, 0.0
    shape: tuple[object, ...] = ()
    for frame in _frames(container, stream):
        if not isinstance(frame, av.AudioFrame):
            continue
        at = float(frame.pts * frame.time_base) - zero if frame.pts is not None and frame.time_base else now
        now = at + frame.samples / frame.sample_rate
        if resampler is None or shape != (frame.format.name, frame.layout.name, frame.sample_rate):
            shape = (frame.format.name, frame.layout.name, frame.sample_rate)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        frame.pts = None
        for out in resampler.resample(frame):
            samples = np.nan_to_num(out.to_ndarray().reshape(-1).astype(np.float32, copy=False))
            if at + len(samples) / SAMPLE_RATE > 0:
                yield at, np.clip(samples, -1.0, 1.0)


def _frames(container: InputContainer, stream: Stream) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """All that decodes, in order; damaged packets are passed over, the end of what can be read is the end."""
    with suppress(FFmpegError, EOFError):
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError):
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame | av.AudioFrame):
                    yield frame


def _decodes(path: Path, index: int) -> bool:
    """Whether a stream gives out at least one picture or sound."""
    with open_recording(path) as container, suppress(FFmpegError, EOFError):
        for packet in islice(container.demux(container.streams[index]), TRIES):
            with suppress(FFmpegError, ValueError):
                if packet.decode():
                    return True
    return False


def _measured(path: Path) -> float:
    """The length of a recording whose file does not tell it (live recordings), from its packets."""
    end = 0.0
    with open_recording(path) as container, suppress(FFmpegError, EOFError):
        zero = start_of(container)
        for packet in container.demux([*container.streams.audio, *pictures(container)]):
            if packet.pts is not None and packet.time_base:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - zero)
    return end


def _refuse_stills(path: Path, container: InputContainer) -> None:
    """Raises InputError for pictures and text, which FFmpeg opens as if they were films."""
    names = set(container.format.name.split(","))
    brands = {container.metadata.get("major_brand", "").strip()}
    still = names & STILLS or any(name.endswith("_pipe") for name in names) or brands & STILL_BRANDS
    if still and not container.streams.audio:
        raise InputError(
            "cannot read {path}: it is a picture, not a recording; name recordings or caption files", path=path
        )
    if names & TEXTS:
        raise InputError(
            "cannot read {path}: it is text, not a recording; give captions as .vtt, .srt, .sbv or .ass", path=path
        )


def _why_nothing(container: InputContainer) -> str:
    if not container.streams:
        return "it has no sound and no pictures"
    return "none of its sound or pictures can be decoded (cut short, damaged or encrypted)"


def _refused(path: Path, why: str) -> InputError:
    return InputError("cannot read {path}: {why}; check that it plays, or make a new copy of it", path=path, why=why)


def _subtitles(stream: Stream) -> Subtitles:
    codec = stream.codec_context.name if stream.codec_context else ""
    tag = language.tag(stream.metadata.get("language", ""))
    return Subtitles(stream.index, tag, codec, stream.metadata.get("title", ""))


def _tags(container: InputContainer) -> dict[str, str]:
    """The container's tags, else those of its streams (Ogg), names in small letters; `language` is the sound's."""
    streams = [*container.streams.audio, *pictures(container)]
    tags: dict[str, str] = {}
    for source in [container.metadata, *(stream.metadata for stream in streams)]:
        for name, value in source.items():
            if value.strip() and name.lower() != "language":
                tags.setdefault(name.lower(), value.strip())
    spoken = [language.tag(stream.metadata.get("language", "")) for stream in container.streams.audio]
    if spoken and spoken[0]:
        tags["language"] = spoken[0]
    return tags
