"""CMU PocketSphinx with the English model in its wheel: poor words, true times, no download."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from ateneo.engines import SAMPLE_RATE
from ateneo.records import Word

FRAME = 0.01  # s; what the decoder counts in


class PocketSphinx:
    """The engine `pocketsphinx`."""

    name = "pocketsphinx"

    def __init__(self) -> None:
        self.version = version("pocketsphinx")
        self._decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")

    def languages(self, samples: NDArray[np.float32]) -> Mapping[str, float]:
        """It knows English alone, so it cannot tell."""
        return {}

    def recognise(self, samples: NDArray[np.float32], *, language: str | None) -> Sequence[Word]:
        """The words heard; silences and noises are left out."""
        self._decoder.start_utt()
        self._decoder.process_raw((samples * 32767).astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = [segment for segment in self._decoder.seg() if segment.word[0] not in "<["]
        return [Word(s.start_frame * FRAME, (s.end_frame + 1) * FRAME, s.word.split("(")[0]) for s in heard]
