"""The pictures of a recording, decoded no more than need be.

The file is read once, from front to back, with no seeking (an index may be absent or wrong). Its packets come in
chunks: a key frame and what follows up to the next. Of a chunk one can decode the key frame alone, which is cheap, or
everything. A recording with one key frame an hour comes in chunks too, but these are marked as going on from the one
before, and then there is nothing for it but to decode them.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ateneo.errors import InputError

SHORTEST = 1.5  # s; key frames closer than this (all-intra recordings) are taken together
LONGEST = 12.0  # s; without a key frame for so long, a chunk is closed and the next one goes on from it
GRID_WIDTH = 320  # px; a slide's number is still some 3 x 5 px in a picture so wide
RIM = 2  # px of the grid, blackened: lines at the edge of captured pictures flicker
BLOCK = 8  # px; the grid's sides are multiples of it
MAX_BYTES = 48 * 2**20  # of packets in one chunk


@dataclass(frozen=True, slots=True)
class Chunk:
    """Packets from `start` to `end` (s). Where `goes_on`, it has no key frame and follows what was decoded last."""

    start: float
    end: float
    packets: tuple[av.Packet, ...]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture at `time` (s): small and grey in `grid` (height, width) uint8, and as decoded in `frame`."""

    time: float
    grid: NDArray[np.uint8]
    frame: av.VideoFrame


class Video:
    """An opened recording. Times start at 0 with the recording itself, whatever its file calls its first moment."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where nothing can open the file."""
        self.path = path
        self._container, self._again = self._open(), self._open()
        streams, twins = (_pictures(container) for container in (self._container, self._again))
        self.has_pictures = bool(streams and twins)
        if self.has_pictures:
            self._prepare(streams[0], twins[0])

    def _open(self) -> InputContainer:
        try:
            return av.open(str(self.path), metadata_errors="replace")
        except (FFmpegError, OSError, ValueError) as error:
            raise self.unreadable(reason(error)) from error

    def _prepare(self, stream: VideoStream, twin: VideoStream) -> None:
        self._stream = stream
        self._codec, self._key_codec = stream.codec_context, twin.codec_context  # one keeps its place, one jumps
        self._codec.thread_count = self._key_codec.thread_count = 1  # threads cost more processor time than they save
        for other in self._container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        self._base = stream.time_base or Fraction(1, 1000)
        begin = self._container.start_time
        self._zero = begin / av.time_base if begin is not None else float((stream.start_time or 0) * self._base)
        length = self._container.duration
        self.duration = length / av.time_base if length and length > 0 else 0.0
        self.aspect = float(stream.sample_aspect_ratio or 1)  # width of a pixel over its height
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._container.close()
        self._again.close()

    def unreadable(self, why: str) -> InputError:
        """The error that names this file."""
        return InputError(
            "cannot read {path}: {why}; check that it plays, or make a new copy of it", path=self.path, why=why
        )

    def chunks(self) -> Iterator[Chunk]:
        """All packets in order. Ends early where the file is damaged: what came before is good."""
        held: list[av.Packet] = []
        start, size, goes_on = 0.0, 0, False
        for packet in self._packets():
            now = self._seconds(packet.pts if packet.pts is not None else packet.dts)
            long = held and (now - start > LONGEST or size > MAX_BYTES)
            if held and (long or (packet.is_keyframe and now - start >= SHORTEST)):
                yield Chunk(start, now, tuple(held), goes_on)
                held, size, goes_on = [], 0, not packet.is_keyframe
            if not held:
                start = now
            held.append(packet)
            size += packet.size
        if held:
            last = max(self._seconds(p.pts if p.pts is not None else p.dts) for p in held)
            yield Chunk(start, last, tuple(held), goes_on)

    def _packets(self) -> Iterator[av.Packet]:
        with suppress(FFmpegError):
            for packet in self._container.demux(self._stream):
                if packet.size and not packet.is_discard:
                    yield packet

    def key(self, chunk: Chunk) -> Sample | None:
        """The key frame that the chunk starts with; None where there is none or it cannot be decoded alone."""
        if chunk.goes_on:
            return None
        frames = [*_decode(self._key_codec, chunk.packets[0]), *_decode(self._key_codec, None)]
        self._key_codec.flush_buffers()
        whole = frames and frames[0].pict_type not in (PictureType.P, PictureType.B)  # else refreshed bit by bit
        return self._sample(frames[0]) if whole else None

    def samples(self, chunk: Chunk, every: float, *, until: float, ends: bool) -> Iterator[Sample]:
        """The chunk's pictures about `every` s apart up to `until` (s), decoding all that others are built on.

        `ends` says that the next chunk does not go on from this one, so the decoder gives out what it holds back.
        A picture that stands for long is given twice: when it comes and just before the next one.
        """
        if not chunk.goes_on:
            self._codec.flush_buffers()
        sparse = (chunk.end - chunk.start) / len(chunk.packets) > every / 2
        self._codec.skip_frame = "DEFAULT" if sparse else "NONREF"
        due, last, then = -1.0, None, 0.0
        for frame in self._frames(_thinned(chunk, every), ends):
            now = self._time(frame)
            if last and now - then > 2 * every:
                yield self._sample(last, at=now - every / 2)
            if now >= due - 1e-3:
                yield self._sample(frame)
                due = now + every
            last, then = frame, now
            if now > until:
                return
        if last and ends and chunk.end - then > 2 * every:
            yield self._sample(last, at=chunk.end - every / 2)

    def _frames(self, packets: tuple[av.Packet, ...], ends: bool) -> Iterator[av.VideoFrame]:
        for packet in packets:
            yield from _decode(self._codec, packet)
        if ends:
            yield from _decode(self._codec, None)

    def _seconds(self, ticks: int | None) -> float:
        return float((ticks or 0) * self._base) - self._zero

    def _time(self, frame: av.VideoFrame) -> float:
        return max(0.0, self._seconds(frame.pts))

    def _sample(self, frame: av.VideoFrame, *, at: float | None = None) -> Sample:
        if self._size is None:
            height = max(BLOCK, round(GRID_WIDTH * frame.height / frame.width / BLOCK) * BLOCK)
            self._size = GRID_WIDTH, min(height, 4 * GRID_WIDTH)
        width, height = self._size
        small = self._reformatter.reformat(frame, width, height, "gray", interpolation=Interpolation.AREA)
        grid = np.pad(np.asarray(small.to_ndarray(), np.uint8)[RIM:-RIM, RIM:-RIM], RIM)
        return Sample(self._time(frame) if at is None else at, grid, frame)


def _pictures(container: InputContainer) -> list[VideoStream]:
    """The video streams, but not the covers of songs."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def _decode(codec: VideoCodecContext, packet: av.Packet | None) -> list[av.VideoFrame]:
    """The pictures that this packet sets free; none where it is damaged."""
    try:
        return [frame for frame in codec.decode(packet) if frame.pts is not None]
    except (FFmpegError, ValueError):
        return []


def _thinned(chunk: Chunk, every: float) -> tuple[av.Packet, ...]:
    """All packets, or where each can be decoded alone, only as many as are wanted."""
    if len(chunk.packets) < 3 or not all(p.is_keyframe for p in chunk.packets):
        return chunk.packets
    step = max(1, int(every * len(chunk.packets) / max(chunk.end - chunk.start, every)))
    return chunk.packets[::step]


def reason(error: Exception) -> str:
    """What FFmpeg says, without the numbers and the path around it."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
