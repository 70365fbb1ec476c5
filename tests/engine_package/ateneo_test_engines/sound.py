"""Sounds made on the spot: something that a voice detector takes for speech, something that it takes for music."""

import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import SAMPLE_RATE

Samples = NDArray[np.float32]

SYLLABLES = 16  # different ones; more make no better babble
BANDWIDTHS = (80, 100, 150)  # Hz, of the three resonances of a mouth


def babble(seconds: float, *, seed: int = 1) -> Samples:
    """Syllables of no language: pulses of a throat through three resonances, no two moments alike."""
    dice = np.random.default_rng(seed)
    parts = [_syllables()[dice.integers(SYLLABLES)] * dice.uniform(0.6, 1.0) for _ in range(int(seconds * 8) + 8)]
    sound = np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]
    return (sound + dice.normal(0, 0.002, len(sound))).astype(np.float32)


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


@cache
def _syllables() -> list[NDArray[np.float64]]:
    dice = np.random.default_rng(0)
    return [_syllable(dice) for _ in range(SYLLABLES)]


def _syllable(dice: np.random.Generator) -> NDArray[np.float64]:
    """One syllable of 0.12 to 0.22 s."""
    size = int(SAMPLE_RATE * dice.uniform(0.12, 0.22))
    pitch = dice.uniform(100, 160) * (1 + 0.1 * np.sin(2 * np.pi * np.arange(size) / size))
    sound = (np.diff(np.floor(np.cumsum(pitch / SAMPLE_RATE)), prepend=0.0) > 0) + dice.normal(0, 0.01, size)
    for centre, width in zip(dice.uniform([300, 900, 2400], [800, 2300, 3000]), BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        first, second = 2 * radius * np.cos(2 * np.pi * centre / SAMPLE_RATE), -radius * radius
        filtered = [0.0, 0.0]
        for value in sound:
            filtered.append(value + first * filtered[-1] + second * filtered[-2])
        sound = np.array(filtered[2:])
    shaped: NDArray[np.float64] = sound / np.abs(sound).max() * np.sqrt(np.hanning(size)) * 0.5
    return shaped
