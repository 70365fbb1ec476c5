"""An engine that hears what a script says, so that tests know what must come out.

The script is a JSON file, named by the model (`scripted:FILE`): {"recording": PATH, "words": [[start, end, text], ...],
"languages": [{tag: probability}, ...]}. Times are those of the recording. An engine is only given samples; where these
begin, it finds by looking for them in the recording.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import SAMPLE_RATE
from ateneo.ingest.media import audio_blocks
from ateneo.records import Word

Samples = NDArray[np.float32]
Answers = Sequence[Mapping[str, float]]


class Scripted:
    """The engine `scripted`; `asked` and `heard` tell the languages and the seconds that it was given."""

    name = "scripted"
    version = "1"

    def __init__(
        self, script: str = "", *, recording: Path | None = None, words: Sequence[Word] = (), languages: Answers = ()
    ) -> None:
        """Says what is in the file, else these words; asked for languages it gives these answers in turn."""
        told = json.loads(Path(script).read_text(encoding="utf-8")) if script else {}
        path = Path(told["recording"]) if told else recording
        self.words = [Word(*word) for word in told.get("words", [])] or list(words)
        self.answers: Answers = told.get("languages", languages)
        self.sound = np.concatenate([samples for _, samples in audio_blocks(path)]) if path else np.zeros(0, np.float32)
        self.asked: list[str | None] = []
        self.heard: list[tuple[float, float]] = []
        self._turn = 0

    def languages(self, samples: Samples) -> Mapping[str, float]:
        """The next answer of the script; none where it has none."""
        if not self.answers:
            return {}
        self._turn += 1
        return self.answers[(self._turn - 1) % len(self.answers)]

    def recognise(self, samples: Samples, *, language: str | None) -> Sequence[Word]:
        """The words of the script whose middle lies in these samples."""
        begin = self._where(samples)
        end = begin + len(samples) / SAMPLE_RATE
        self.asked.append(language)
        self.heard.append((begin, end))
        inside = [word for word in self.words if begin <= (word.start + word.end) / 2 < end]
        return [Word(w.start - begin, w.end - begin, w.text, w.probability) for w in inside]

    def _where(self, samples: Samples) -> float:
        """The second of the recording at which these samples begin."""
        loudest = min(int(np.abs(samples).argmax()), max(0, len(samples) - 800))
        place = self.sound.tobytes().find(samples[loudest : loudest + 800].tobytes())
        if place < 0:
            raise AssertionError("these samples are not from the recording of the script")
        return (place // 4 - loudest) / SAMPLE_RATE
