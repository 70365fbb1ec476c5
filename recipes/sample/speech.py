"""The spoken track of a talk and the captions that go with it, from the sentences of its slides.

espeak-ng reads each sentence whole, so that its melody is natural. Captions are cut as people see them on the web, by
length and not by sentence; where a cue ends inside a sentence, its time is found from how long espeak-ng needs for
each piece of that sentence.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import Any
from wave import open as open_wave

import numpy as np
from numpy.typing import NDArray

RATE = 22_050  # Hz, espeak-ng's own
PAUSE, TURN = 0.75, 2.2  # seconds of silence after a sentence, and after the last one of a slide
LEAD = 0.9  # seconds between the appearance of a slide and its first word
LINE, FULL, FEW = (
    42,
    80,
    22,
)  # characters: a line, a cue of two lines, and the fewest that a sentence leaves for its next cue
SHORTEST = 8.5  # seconds that a slide is shown at least


@dataclass(frozen=True, slots=True)
class Spoken:
    """A talk read aloud: samples at RATE, when each slide appears, length, and cues (start, end, text) a language."""

    samples: NDArray[np.int16]
    slides: tuple[float, ...]
    duration: float
    captions: Mapping[str, tuple[tuple[float, float, str], ...]]


def speak(talk: Mapping[str, Any]) -> Spoken:
    """The whole talk. Sentences are texts, or pairs of the spoken text and its translation."""
    pieces: list[NDArray[np.int16]] = []
    starts, sentences, at = [], [], 0.0
    for number, slide in enumerate(talk["slides"]):
        begin, at = at, at + (LEAD if number else 0.4)
        starts.append(begin)
        for said in slide["say"]:
            texts = {talk["language"]: said} if isinstance(said, str) else _by_language(said, talk["language"])
            sound = _sound(texts[talk["language"]], **talk["voice"])
            sentences.append((number, at, at + len(sound) / RATE, texts))
            pieces.append(_silence(at - sum(map(len, pieces)) / RATE))
            pieces.append(sound)
            at += len(sound) / RATE + PAUSE
        at = max(at - PAUSE + TURN, begin + SHORTEST)
    pieces.append(_silence(at - sum(map(len, pieces)) / RATE))
    cues = _cues(sentences, talk)
    return Spoken(np.concatenate(pieces), tuple(starts), at, cues)


def _by_language(pair: Sequence[str], spoken: str) -> dict[str, str]:
    """The text in the language of the talk stands first, that in the other one second."""
    return {spoken: pair[0], "en" if spoken == "es" else "es": pair[1]}


def _silence(seconds: float) -> NDArray[np.int16]:
    return np.zeros(max(0, round(seconds * RATE)), dtype=np.int16)


@cache
def _sound(text: str, *, name: str, speed: int, pitch: int) -> NDArray[np.int16]:
    """The text read aloud, cut to where it can be heard."""
    command = ["espeak-ng", "-v", name, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    made = subprocess.run(command, check=True, capture_output=True).stdout
    start = made.index(b"data") + 8  # the header of a stream does not know its length
    if not made.startswith(b"RIFF"):
        raise RuntimeError(f"espeak-ng gave no sound for: {text}")
    samples = np.frombuffer(made[start : len(made) - (len(made) - start) % 2], dtype=np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 200)
    return samples[max(0, loud[0] - 200) : loud[-1] + 400]


def _cues(
    sentences: Sequence[tuple[int, float, float, Mapping[str, str]]], talk: Mapping[str, Any]
) -> dict[str, tuple[tuple[float, float, str], ...]]:
    """Cues with the same times in every language; the spoken language decides where they are cut."""
    spoken = talk["language"]
    other = [language for language in sentences[0][3] if language != spoken]
    found: dict[str, list[tuple[float, float, str]]] = {language: [] for language in (spoken, *other)}
    for run in _runs(sentences):
        cuts = _cut([texts[spoken].split() for _, _, _, texts in run])
        spans = [_times(parts, start, end, talk["voice"]) for parts, (_, start, end, _) in zip(cuts, run, strict=True)]
        for cue in sorted({c for parts in cuts for c, _ in parts}):
            mine = [(s, k) for s, parts in enumerate(cuts) for k, (c, _) in enumerate(parts) if c == cue]
            begin, end = spans[mine[0][0]][mine[0][1]][0], spans[mine[-1][0]][mine[-1][1]][1]
            for language in found:
                words = [_share(run[s][3][language].split(), [len(w) for _, w in cuts[s]], k) for s, k in mine]
                found[language].append((round(begin, 3), round(end, 3), _two_lines(" ".join(w for w in words if w))))
    return {language: tuple(cues) for language, cues in found.items()}


def _runs(sentences: Sequence[Any]) -> list[list[Any]]:
    """The sentences slide by slide: a cue never lasts beyond its slide."""
    return [[s for s in sentences if s[0] == number] for number in sorted({s[0] for s in sentences})]


def _cut(sentences: Sequence[Sequence[str]]) -> list[list[tuple[int, list[str]]]]:
    """Each sentence as its pieces (cue number, words): cues are filled up to their length, and a new sentence begins
    in the cue of the last one where that is short."""
    cue, length, cuts = 0, 0, []
    for words in sentences:
        if length > LINE * 0.8:
            cue, length = cue + 1, 0
        parts: list[tuple[int, list[str]]] = []
        for n, word in enumerate(words):
            left = sum(len(w) + 1 for w in words[n:])
            over = length + left - FULL
            if length + len(word) > FULL - (FEW - over if 0 < over < FEW else 0) or (
                length > LINE * 1.35 and left > 12 and words[n - 1][-1] in ",:"
            ):
                cue, length = cue + 1, 0
            if not parts or parts[-1][0] != cue:
                parts.append((cue, []))
            parts[-1][1].append(word)
            length += len(word) + 1
        cuts.append(parts)
    return cuts


def _times(
    parts: Sequence[tuple[int, list[str]]], start: float, end: float, voice: Mapping[str, Any]
) -> list[tuple[float, float]]:
    lengths = [len(_sound(" ".join(words), **voice)) for _, words in parts] if len(parts) > 1 else [1]
    edges = start + (end - start) * np.concatenate([[0], np.cumsum(lengths)]) / sum(lengths)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def _share(words: Sequence[str], parts: Sequence[int], k: int) -> str:
    """Piece k of the words, cut in the proportions of `parts`."""
    edges = [round(len(words) * sum(parts[:i]) / sum(parts)) for i in range(len(parts) + 1)]
    return " ".join(words[edges[k] : edges[k + 1]])


def _two_lines(text: str) -> str:
    """The text on one line, or on two of about the same length."""
    if len(text) <= LINE:
        return text
    spaces = [i for i, c in enumerate(text) if c == " "]
    middle = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return text[:middle] + "\n" + text[middle + 1 :]


def vtt(cues: Sequence[tuple[float, float, str]], language: str) -> str:
    """The cues as a WebVTT file."""
    blocks = [f"{_clock(start)} --> {_clock(end)}\n{text}\n" for start, end, text in cues]
    return f"WEBVTT\nKind: captions\nLanguage: {language}\n\n" + "\n".join(blocks)


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def wav(samples: NDArray[np.int16]) -> bytes:
    """The samples as a mono WAV file."""
    buffer = BytesIO()
    with open_wave(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()
