"""Sounds for tests: real voice out of a few clips, and music and silence made on the spot."""

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import SAMPLE_RATE
from ateneo.ingest.media import audio_blocks

Samples = NDArray[np.float32]


class Voice:
    """People speaking for as long as is asked for; no two moments are alike, so that each can be found again."""

    def __init__(self, clips: Iterable[Path]) -> None:
        """The recordings to speak with, which are full of voice."""
        self.sound = np.concatenate([samples for clip in clips for _, samples in audio_blocks(clip)])

    def __call__(self, seconds: float, *, seed: int = 1) -> Samples:
        """So many seconds of voice; another seed begins elsewhere."""
        dice = np.random.default_rng(seed)
        size = round(seconds * SAMPLE_RATE)
        begin = int(dice.integers(len(self.sound)))
        turned = np.resize(np.roll(self.sound, -begin), size)
        return np.asarray(turned + dice.normal(0, 0.001, size), dtype=np.float32)


def music(seconds: float) -> Samples:
    """A chord that swells."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * pitch * at) for pitch in (220.0, 277.0, 330.0))
    return np.asarray(chord * (0.5 + 0.5 * np.sin(np.pi * at)) * 0.1, dtype=np.float32)


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def write_wav(path: Path, *parts: Samples) -> Path:
    """A mono 16-bit file of these sounds, one after the other."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.concatenate(parts).clip(-1, 1) * 32767).astype("<i2").tobytes())
    return path
