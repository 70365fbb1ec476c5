"""What is asked for: words or pictures, a method and its settings, checked before any model is loaded.

Each method has its own steps and scale where none are given; what cannot be drawn is refused in one line.
"""

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from ateneo.errors import InputError, SettingsError

LONGEST = 200  # words; the sentence encoder reads 256 tokens
MOST = 64  # pictures at a time
LARGEST = {"guided": 256, "vqgan": 256, "unclip": 256, "stable-diffusion": 2048}  # pixels a side
SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class Usual:
    """What a method does where nothing is said: steps, scale, pixels a side, and the bounds of the first two."""

    steps: int
    scale: float
    size: int
    most_steps: int = 1000
    most_scale: float = 1000.0


METHODS: dict[str, Usual] = {
    "unclip": Usual(steps=12, scale=3.0, size=64),
    "guided": Usual(steps=25, scale=9.0, size=64, most_scale=100_000.0),
    "vqgan": Usual(steps=60, scale=1.0, size=64),
    "stable-diffusion": Usual(steps=25, scale=7.5, size=512),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A picture, or n of them. `pictures`: one to vary, or two to go between, in place of words (unclip). None takes
    what is usual for the method; the seed is then drawn by chance."""

    words: str = ""
    method: str = "unclip"
    seed: int | None = None
    scale: float | None = None
    steps: int | None = None
    size: int | None = None
    n: int = 1
    pictures: tuple[Path, ...] = ()
    model: str = ""  # published weights in place of the small ones
    clip: str = ""  # the CLIP that leads them

    def checked(self) -> "Order":
        """The order with every choice filled. Raises InputError for words or pictures that cannot be drawn from,
        SettingsError for numbers that cannot be."""
        if self.method not in METHODS:
            raise SettingsError(
                "there is no method {method!r}; choose {methods}", method=self.method, methods=", ".join(METHODS)
            )
        usual = METHODS[self.method]
        filled = replace(
            self,
            words=" ".join(self.words.split()),
            seed=secrets.randbelow(SEEDS) if self.seed is None else self.seed,
            scale=usual.scale if self.scale is None else float(self.scale),
            steps=usual.steps if self.steps is None else self.steps,
            size=usual.size if self.size is None else self.size,
        )
        filled._check_source()
        filled._check_numbers(usual)
        return filled

    def _check_source(self) -> None:
        if self.pictures:
            if self.words:
                raise InputError("give words or pictures to draw from, not both")
            if self.method != "unclip":
                raise InputError(
                    "only unclip draws from pictures, not {method}; leave --method out", method=self.method
                )
            if len(self.pictures) > 2:
                raise InputError(
                    "give one picture to vary or two to go between, not {pictures}", pictures=len(self.pictures)
                )
            return
        if self.clip and not self.model:
            raise InputError("--clip leads published weights: name them with --model")
        if not any(c.isalnum() for c in self.words):
            raise InputError('there are no words to draw; say what the picture shows, as in: ateneo draw "un avión"')
        if (count := len(self.words.split())) > LONGEST or len(self.words) > 20 * LONGEST:
            raise InputError("cannot draw {count} words: say it in {longest} or fewer", count=count, longest=LONGEST)

    def _check_numbers(self, usual: Usual) -> None:
        assert self.seed is not None
        assert self.steps is not None
        assert self.scale is not None
        assert self.size is not None
        largest = LARGEST[self.method]
        if not 16 <= self.size <= largest:
            raise SettingsError(
                "cannot draw {size} x {size} pixels by {method}: give 16 to {largest}",
                size=self.size,
                method=self.method,
                largest=largest,
            )
        if not 1 <= self.steps <= usual.most_steps:
            raise SettingsError(
                "cannot take {steps} steps: give 1 to {most_steps}", steps=self.steps, most_steps=usual.most_steps
            )
        if not 0 <= self.scale <= usual.most_scale:  # nan too
            raise SettingsError(
                "cannot use the scale {scale}: give 0 to {most_scale:g}", scale=self.scale, most_scale=usual.most_scale
            )
        if not 0 <= self.seed < SEEDS:
            raise SettingsError("cannot use the seed {seed}: give 0 to {seeds}", seed=self.seed, seeds=SEEDS - 1)
        if not 1 <= self.n <= MOST:
            raise SettingsError("cannot draw {n} pictures at a time: give 1 to {most}", n=self.n, most=MOST)
