"""From the sound of a recording to a transcript, by any speech engine.

The recording is read twice, block by block, so that twelve hours need no more memory than ten minutes. First its voice
is found (Silero's detector, which comes with faster-whisper) and stretches of it from all over are kept, to tell the
language by. Then the engine gets chunks of voice, cut at silences; what is silent or music it never hears, since
recognisers invent words there. Words become captions of two lines; loops and gaps are marked.
"""

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import SAMPLE_RATE, SpeechEngine
from ateneo.ingest import language as languages
from ateneo.ingest import marks as finder
from ateneo.ingest.language import UNKNOWN, same
from ateneo.ingest.media import audio_blocks
from ateneo.records import Cue, MarkedSpan, Track, Word

BLOCK = 60.0  # s looked at for voice at a time
WINDOW = 30.0  # s of voice in one window for the language
LEAST = 3.0  # s of voice in a window, if there is another
WINDOWS = 12  # windows kept at most; half of them at least are from all over the recording
VOTERS = 7  # windows that vote
LOUD = 0.003  # root mean square of sound that is not silence
CHUNK, LONGEST = 60.0, 120.0  # s after which a chunk ends at the next silence, and in any case
SILENCE = 0.5  # s between words that are good to cut at
FAR = 3.0  # s of silence that no chunk goes across
PAD = 0.5  # s of sound around voice that go with it
UNSURE = 0.7  # share of the votes below which a second look is taken
ENOUGH = 12  # words by which a text tells its language
LINE, LINES = 42, 2  # letters in a line and lines in a caption, as subtitles are made
CUE = 7.0  # s that a caption stands at most
PAUSE = 0.8  # s between words that end a caption

Samples = NDArray[np.float32]
Span = tuple[float, float]  # seconds
Progress = Callable[[float], None]


@dataclass(slots=True)
class Survey:
    """What a first reading finds: seconds with voice, windows of it from all over, and the length in seconds."""

    voiced: list[Span] = field(default_factory=list)
    windows: list[Samples] = field(default_factory=list)
    length: float = 0.0


def transcribe(
    path: Path, *, engine: SpeechEngine, language: str | None = None, progress: Progress | None = None
) -> Track:
    """The transcript of a recording: words with times, captions, marks. No captions where nobody speaks.

    The language is the given one, else voted. `progress` is told the fraction done. Raises InputError where the
    recording cannot be opened, EngineError (ModelMissing) where the engine cannot work.
    """
    report = progress or (lambda fraction: None)
    survey = surveyed(path)
    report(0.1)
    spoken = language or (voted(engine, survey.windows) if survey.voiced else None)
    words = _recognised(path, survey, engine=engine, language=spoken, report=report)
    if language is None and words:
        heard = _told_by(words)
        if spoken and heard and not same(spoken, heard):
            spoken = second_look(engine, survey.windows, [heard, spoken])
            if same(spoken, heard):
                words = _recognised(path, survey, engine=engine, language=spoken, report=report)
                heard = _told_by(words) or heard
        spoken = heard if heard and not (spoken and same(spoken, heard)) else spoken
    marks = finder.find(words, survey.voiced)
    report(1.0)
    return Track(
        language=spoken or UNKNOWN,
        cues=tuple(cues_of(words, marks=marks)),
        words=tuple(words),
        marks=tuple(marks) if words else (),
        origin=f"{engine.name} {engine.version}",
    )


def surveyed(path: Path) -> Survey:
    """Where there is voice. A recording in which none is found, though it is not silent, is taken to be voice where it
    is loud: a bad microphone must not cost the talk."""
    survey, stride, count = Survey(), 1, 0
    loud: list[Span] = []
    for offset, samples in audio_blocks(path, seconds=BLOCK):
        survey.length = offset + len(samples) / SAMPLE_RATE
        found = voice(samples)
        _extend(survey.voiced, found, offset)
        _extend(loud, _loud(samples), offset)
        window = _cut(samples, found)
        if len(window) >= LEAST * SAMPLE_RATE or (len(window) and not survey.windows):
            if count % stride == 0:
                survey.windows.append(window)
            count += 1
            if len(survey.windows) > WINDOWS:
                survey.windows, stride = survey.windows[::2], stride * 2
    survey.voiced = survey.voiced or loud
    return survey


def voice(samples: Samples) -> list[Span]:
    """The seconds in which somebody speaks."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # type: ignore[import-untyped]

    options = VadOptions(
        min_silence_duration_ms=300, speech_pad_ms=60, min_speech_duration_ms=150, max_speech_duration_s=30
    )
    return [(s["start"] / SAMPLE_RATE, s["end"] / SAMPLE_RATE) for s in get_speech_timestamps(samples, options)]


def voted(engine: SpeechEngine, windows: Sequence[Samples]) -> str | None:
    """The language that stretches from all over the recording vote for; None where the engine cannot tell."""
    step = max(1, math.ceil(len(windows) / VOTERS))
    votes = languages.vote(engine, windows[::step])
    ranked = sorted(votes, key=lambda tag: -votes[tag])
    if len(ranked) > 1 and votes[ranked[0]] < UNSURE:
        return second_look(engine, windows, ranked[:2])
    return ranked[0] if ranked else None


def second_look(engine: SpeechEngine, windows: Sequence[Samples], candidates: Sequence[str]) -> str:
    """Which of these languages gives the surer words, in that language, in three stretches of the recording."""
    step = max(1, len(windows) // 3)
    scores = dict.fromkeys(candidates, 0.0)
    for window in list(windows[::step])[:3]:
        for candidate in candidates:
            words = engine.recognise(window, language=candidate)
            text = languages.of_text(" ".join(word.text for word in words))
            if words and text != UNKNOWN:
                sure = sum(word.probability for word in words) / len(words)
                scores[candidate] += sure if same(text, candidate) else sure / 4
    return max(scores, key=lambda tag: scores[tag])


def chunks(voiced: Iterable[Span], *, length: float = math.inf) -> list[Span]:
    """Voice gathered to chunks of one or two minutes that begin and end in silence, in a recording so long (s)."""
    found: list[Span] = []
    for start, end in voiced:
        last = found[-1] if found else (-math.inf, -math.inf)
        enough = last[1] - last[0] >= CHUNK and start - last[1] >= SILENCE
        if found and not enough and start - last[1] < FAR and end - last[0] <= LONGEST:
            found[-1] = last[0], end
        else:
            found.append((start, end))
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(found)]
    return [
        (max(start - PAD, left), min(end + PAD, right))
        for (start, end), left, right in zip(found, [0.0, *middles], [*middles, length], strict=False)
    ]


def cues_of(words: Sequence[Word], *, marks: Sequence[MarkedSpan] = ()) -> list[Cue]:
    """Captions of whole sentences where they fit: at most two lines of 42 letters and 7 s. A caption is either wholly
    inside a mark or wholly outside."""
    cues: list[Cue] = []
    group: list[Word] = []
    state = (False, 0)
    for word in words:
        now = _state(word, marks)
        if group and (now != state or _is_over(group, word)):
            _close(cues, group)
            group = []
        state = now
        group.append(word)
    if group:
        _close(cues, group)
    return [Cue(a.start, min(a.end, b.start), a.text) for a, b in pairwise(cues)] + cues[-1:]


def _state(word: Word, marks: Sequence[MarkedSpan]) -> tuple[bool, int]:
    middle = (word.start + word.end) / 2
    return next(((True, n) for n, mark in enumerate(marks) if mark.start <= middle <= mark.end), (False, 0))


def _is_over(group: Sequence[Word], word: Word) -> bool:
    """Whether the caption ends before this word."""
    text = " ".join(w.text for w in group)
    ended = text.endswith((".", "?", "!", "…", "。", "？", "！")) and len(text) > LINE // 2
    late = word.start - group[-1].end > PAUSE or word.end - group[0].start > CUE
    return ended or late or len(textwrap.wrap(f"{text} {word.text}", LINE)) > LINES


def _close(cues: list[Cue], group: Sequence[Word]) -> None:
    text = "\n".join(textwrap.wrap(" ".join(word.text for word in group), LINE))
    start = round(group[0].start, 3)
    if cues and start <= cues[-1].start:
        start = round(cues[-1].start + 0.001, 3)
    cues.append(Cue(start, max(round(group[-1].end, 3), round(start + 0.001, 3)), text))


def _told_by(words: Sequence[Word]) -> str | None:
    """The language that the words themselves are in, where they tell."""
    texts = [word.text for word in words if word.text[0] not in "[(♪"]
    found = languages.of_text(" ".join(texts)) if len(texts) >= ENOUGH else UNKNOWN
    return None if found == UNKNOWN else found


def _recognised(
    path: Path, survey: Survey, *, engine: SpeechEngine, language: str | None, report: Progress
) -> list[Word]:
    """The words of the whole recording, in order, with its own times."""
    words: list[Word] = []
    for start, samples in _sounds(path, chunks(survey.voiced, length=survey.length)):
        words += _sound_words(engine.recognise(samples, language=language), start, start + len(samples) / SAMPLE_RATE)
        report(0.1 + 0.85 * min(1.0, (start + len(samples) / SAMPLE_RATE) / max(survey.length, 1.0)))
    return words


def _sound_words(heard: Iterable[Word], start: float, end: float) -> list[Word]:
    """Words with times inside their chunk and in order; those without a text or with times far outside are dropped."""
    words: list[Word] = []
    for word in heard:
        text = word.text.strip()
        first, last = start + word.start, start + word.end
        if not text or not math.isfinite(first) or not math.isfinite(last) or first >= end + PAD:
            continue
        first = min(max(first, words[-1].start if words else start), end)
        words.append(Word(round(first, 3), round(min(max(last, first), end), 3), text, word.probability))
    return words


def _sounds(path: Path, wanted: Sequence[Span]) -> Iterator[tuple[float, Samples]]:
    """The samples of each of these stretches, in order, with its start."""
    queue = list(wanted)
    held: list[tuple[float, Samples]] = []
    for offset, samples in audio_blocks(path):
        held.append((offset, samples))
        reached = offset + len(samples) / SAMPLE_RATE
        while queue and queue[0][1] <= reached:
            yield queue[0][0], _placed(held, queue.pop(0))
        begin = queue[0][0] if queue else reached
        held = [(at, part) for at, part in held if at + len(part) / SAMPLE_RATE > begin]
    for span in queue:
        if held:
            yield span[0], _placed(held, span)


def _placed(held: Iterable[tuple[float, Samples]], span: Span) -> Samples:
    """The samples of a stretch, silence where the recording has a hole."""
    start, end = span
    out = np.zeros(max(1, round((end - start) * SAMPLE_RATE)), dtype=np.float32)
    for offset, samples in held:
        at = round((offset - start) * SAMPLE_RATE)
        part = samples[max(0, -at) : max(0, len(out) - at)]
        out[max(0, at) : max(0, at) + len(part)] = part
    return out


def _extend(spans: list[Span], found: Iterable[Span], offset: float) -> None:
    """Adds spans of a block; one that begins where the block before ended goes on."""
    for start, end in found:
        if spans and start + offset - spans[-1][1] < 0.02:
            spans[-1] = spans[-1][0], end + offset
        else:
            spans.append((start + offset, end + offset))


def _loud(samples: Samples) -> list[Span]:
    """The seconds that are not silent, by tenths, short holes closed."""
    size = SAMPLE_RATE // 10
    tenths = samples[: len(samples) // size * size].reshape(-1, size)
    loud = np.flatnonzero(np.sqrt((tenths**2).mean(axis=1)) > LOUD)
    groups = (list(g) for _, g in groupby(enumerate(loud), key=lambda pair: int(pair[1]) - pair[0]))
    return [(int(g[0][1]) / 10, (int(g[-1][1]) + 1) / 10) for g in groups]


def _cut(samples: Samples, spans: Iterable[Span]) -> Samples:
    """The voice of a block one after the other, as long as a window."""
    parts = [samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for start, end in spans]
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    return joined[: round(WINDOW * SAMPLE_RATE)].copy()
