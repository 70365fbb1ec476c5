"""Whether browsers play a recording, and a copy that they do.

Every browser plays H.264 with AAC in MP4; most play VP8, VP9 and AV1 with Opus or Vorbis in WebM, and MP3, Ogg, FLAC
and WAV. Of anything else a copy is made once: streams that are fine are only repacked, the others encoded. The copy
begins with its index, so that it plays before it is loaded.
"""

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from ateneo.archive.storage import beside
from ateneo.errors import InputError
from ateneo.ingest.media import open_recording, pictures, start_of

PLAIN = frozenset({"yuv420p", "yuvj420p"})  # pixels that hardware decoders take
MP4, WEBM = ("mp4", {"h264"}, {"aac", "mp3"}), ("webm", {"vp8", "vp9", "av1"}, {"opus", "vorbis"})
SOUND = {"mp3": {"mp3"}, "ogg": {"opus", "vorbis", "flac"}, "flac": {"flac"}, "wav": {"pcm_s16le"}, "aac": {"aac"}}
HEIGHT = 1080  # pixels at the most of a copy
RATE = 30  # frames a second at the most
VIDEO = {"preset": "veryfast", "crf": "24"}
SAMPLES, BITS = 48_000, 128_000  # a second, of a copy's sound
MOST_HELD = 16  # packets that a stream may begin with without saying when they are decoded
HOLE = 0.1  # s without sound that are kept


def plays(path: Path) -> bool:
    """Whether browsers play the file as it is. Raises InputError where nothing can open it."""
    with open_recording(path) as container:
        names = set(container.format.name.split(","))
        video = next(iter(pictures(container)), None)
        audio = next(iter(container.streams.audio), None)
        if video is None and audio is not None and any(_codec(audio) in SOUND.get(n, ()) for n in names):
            return True
        for name, seen, heard in (MP4, WEBM):
            suits = name in names and (name != "webm" or path.suffix.lower() in (".webm", ".weba"))
            if suits and _fits(video, seen) and (audio is None or _codec(audio) in heard):
                return True
    return False


def _codec(stream: Any) -> str:
    """The codec's own name, whichever decoder reads it."""
    return str(stream.codec_context.codec.canonical_name)


def _fits(video: Any, codecs: set[str]) -> bool:
    if video is None:
        return True
    return _codec(video) in codecs and (video.codec_context.pix_fmt or "") in PLAIN


def make(path: Path, target: Path, *, progress: Callable[[float], None]) -> None:
    """Writes the copy, an MP4, beside its name first, so that it is whole or absent. Raises InputError."""
    part = beside(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open_recording(path) as source, av.open(str(part), "w", "mp4", {"movflags": "+faststart"}) as copy:
            _Copy(source, copy, progress).run()
        part.replace(target)
    except (FFmpegError, ValueError, IndexError) as error:
        raise InputError(
            "cannot make a playable copy of {path}: {error}; convert it with another program", path=path, error=error
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


class _Copy:
    """One recording on its way into an MP4."""

    def __init__(self, source: InputContainer, copy: OutputContainer, progress: Callable[[float], None]) -> None:
        self.source, self.copy, self.progress = source, copy, progress
        self.zero = start_of(source)
        self.length = (source.duration or 0) / av.time_base
        self.video: Any = next(iter(pictures(source)), None)
        self.audio: Any = source.streams.best("audio")
        self.told = -1.0
        self.out: dict[int, Any] = {}
        self.resampler: Any = None
        self.last: dict[int, int] = {}  # stream → time of the packet or picture written last
        self.held: dict[int, list[Any]] = {}
        self.sounded = 0  # samples of sound written

    def run(self) -> None:
        streams = [stream for stream in (self.video, self.audio) if stream is not None]
        self.packed = {stream.index for stream in streams if self._as_it_is(stream)}
        for stream in streams:
            self.out[stream.index] = self._stream(stream)
        for packet in self._packets(streams):
            if packet.stream.index in self.packed:
                self._repack(packet)
            else:
                self._encode(packet.stream, packet)
            if packet.pts is not None and packet.time_base and self.length:
                self._tell(float(packet.pts * packet.time_base - Fraction(self.zero).limit_denominator(10**6)))
        for held in filter(None, self.held.values()):
            self._let_go(held)
        for stream in streams:
            if stream.index not in self.packed:
                self._encode(stream, None)
                self.copy.mux(self.out[stream.index].encode(None))
        self.progress(1.0)

    def _as_it_is(self, stream: Any) -> bool:
        codecs = {"h264"} if isinstance(stream, VideoStream) else {"aac", "mp3"}
        timed = self.source.format.name != "avi"  # AVI has no times of its pictures
        return timed and _codec(stream) in codecs and (isinstance(stream, AudioStream) or _fits(stream, codecs))

    def _stream(self, stream: Any) -> Any:
        if stream.index in self.packed:
            return self.copy.add_stream_from_template(stream)
        if isinstance(stream, AudioStream):
            self.resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLES)
            return self.copy.add_stream("aac", rate=SAMPLES, layout="stereo", bit_rate=BITS)
        context = stream.codec_context
        rate = min(Fraction(RATE), Fraction(stream.average_rate or RATE).limit_denominator(1001))
        out: Any = self.copy.add_stream("libx264", rate=rate, options=VIDEO)
        scale = min(1.0, HEIGHT / max(1, context.height))
        out.width, out.height = (max(2, round(side * scale / 2) * 2) for side in (context.width, context.height))
        out.pix_fmt = "yuv420p"
        out.codec_context.time_base = Fraction(1, 90_000)
        return out

    def _packets(self, streams: list[Any]) -> Iterator[Any]:
        """All packets; the end of what can be read is the end."""
        with contextlib.suppress(EOFError, FFmpegError):
            for packet in self.source.demux(streams):
                if packet.dts is not None or packet.pts is not None:
                    yield packet

    def _repack(self, packet: Any) -> None:
        """Passes a packet on. The first ones may not say when they are decoded: they are held until one does."""
        held = self.held.setdefault(packet.stream.index, [])
        held.append(packet)
        if packet.dts is not None or len(held) >= MOST_HELD:
            self._let_go(held)

    def _let_go(self, held: list[Any]) -> None:
        """Writes packets that wait, each decoded one picture before the next."""
        first = held[-1].dts if held[-1].dts is not None else held[-1].pts
        for n, one in enumerate(held):
            if one.dts is None:
                one.dts = first - (len(held) - 1 - n) * max(1, one.duration or 1)
            if one.pts is None:
                one.pts = one.dts
            self._mux(one)
        held.clear()

    def _mux(self, packet: Any) -> None:
        index = packet.stream.index
        shift = round(Fraction(self.zero).limit_denominator(10**6) / packet.time_base)
        packet.dts = max(packet.dts - shift, self.last.get(index, packet.dts - shift - 1) + 1)
        packet.pts = max(packet.pts - shift, packet.dts)
        self.last[index] = packet.dts
        packet.stream = self.out[index]
        self.copy.mux(packet)

    def _encode(self, stream: Any, packet: Any) -> None:
        try:
            frames = stream.codec_context.decode(packet)
        except (FFmpegError, EOFError):
            return  # a damaged packet is passed over
        out = self.out[stream.index]
        for frame in frames:
            if isinstance(frame, av.AudioFrame):
                self._follow_clock(frame, stream)
                self._sound(frame, out)
            elif frame.pts is not None:
                self._show(frame, stream, out)
        if packet is None and isinstance(stream, AudioStream):
            self._sound(None, out)

    def _follow_clock(self, frame: Any, stream: Any) -> None:
        """A hole in the sound stays one, so that it never runs ahead of the pictures."""
        if frame.pts is not None:
            at = round((float(frame.pts * stream.time_base) - self.zero) * SAMPLES)
            if at - self.sounded > HOLE * SAMPLES:
                self.sounded = at
        frame.pts = None

    def _sound(self, frame: Any, out: Any) -> None:
        for sound in self.resampler.resample(frame):
            sound.pts, sound.time_base = self.sounded, Fraction(1, SAMPLES)
            self.sounded += sound.samples
            self.copy.mux(out.encode(sound))

    def _show(self, frame: Any, stream: Any, out: Any) -> None:
        """One picture, unless it comes too soon after the last one."""
        at = round((float(frame.pts * stream.time_base) - self.zero) * 90_000)
        if at - self.last.get(stream.index, -(10**9)) < 90_000 / RATE * 0.9:
            return
        self.last[stream.index] = at
        shown = frame.reformat(out.width, out.height, "yuv420p")
        shown.pts, shown.time_base = at, Fraction(1, 90_000)
        shown.pict_type = 0
        self.copy.mux(out.encode(shown))

    def _tell(self, second: float) -> None:
        done = min(0.99, max(0.0, second / self.length))
        if done - self.told >= 0.01:
            self.told = done
            self.progress(done)
