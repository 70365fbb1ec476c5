"""What a check finds: something of a sentence that the evidence does not say."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "name", "negation", "roles", "qualifier", "words", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Its kind, and the words: a "number" or "name" that is not there or stands for another, a "negation" too many or
    missing, two words whose "roles" are turned round, a "qualifier" (only, all, must ...) that is another, "words" that
    are not met, or that are from "elsewhere"."""

    kind: Kind
    what: str
