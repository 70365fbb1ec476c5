"""The layouts of published checkpoints: how each is recognised, what model it makes, and how its names map to ours.

Each module of this package has a list FORMATS; a new layout is a new module here, or a new entry in one. A table of
renames is declarative: patterns of old names, the new name, and a transformation where the numbers are arranged
differently. `ateneo.models.load` applies it strictly: every key of the file is used, every parameter filled.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Rename:
    """Old names → a new name, or one old name → several new ones that share its rows equally.

    In `old`, `*` stands for one part of a name between dots or slashes, `**` for any number of them; in `new` they
    stand for the same, in order. Several old names with a `transform` become one tensor: transform(*tensors). The
    first old name leads: the stars of the others are filled with what its stars stood for.
    """

    old: str | tuple[str, ...]
    new: str | tuple[str, ...]
    transform: Callable[..., Tensor] | None = None

    @property
    def olds(self) -> tuple[str, ...]:
        """The old names as a tuple."""
        return (self.old,) if isinstance(self.old, str) else self.old

    @property
    def news(self) -> tuple[str, ...]:
        """The new names as a tuple."""
        return (self.new,) if isinstance(self.new, str) else self.new

    def match(self, key: str) -> tuple[str, ...] | None:
        """What the stars stand for if this key is (the first of) the old names, else None."""
        found = pattern(self.olds[0]).fullmatch(key)
        return found.groups() if found else None


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A name with stars as a regular expression with one group for each star."""
    parts = re.split(r"(\*\*|\*)", name)
    return re.compile("".join({"**": "(.+)", "*": r"([^./]+)"}.get(part, re.escape(part)) for part in parts))


def fill(name: str, stars: Sequence[str]) -> str:
    """A name with its stars replaced, in order."""
    waiting = iter(stars)
    return re.sub(r"\*\*|\*", lambda _: next(waiting), name)


@dataclass(slots=True)
class Answers:
    """What a file cannot tell: the caller's arguments first, then the configuration beside it; never a guess."""

    checkpoint: Checkpoint
    given: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)

    def ask(self, name: str, found: Any, *, usual: str) -> Any:
        """The caller's argument `name`, else what was `found` in a configuration; InputError where both are None."""
        value = self.take(name, found)
        if value is None:
            raise InputError(
                f"{self.checkpoint.path} does not say its {name}, and no configuration beside it does; "
                f"pass load(..., {name}=...): {usual}"
            )
        return value

    def take(self, name: str, default: Any) -> Any:
        """The caller's argument `name`, else the default that this layout defines."""
        self.asked.add(name)
        return self.given.get(name, default)


@dataclass(frozen=True, slots=True)
class Format:
    """One published layout."""

    name: str  # as errors call it: "OpenAI CLIP"
    recognise: Callable[[Checkpoint], bool]  # from names and shapes, with the prefixes of `strip` still on
    build: Callable[[Checkpoint, Answers], nn.Module]  # runs on the meta device: costs nothing
    renames: Callable[[nn.Module], Sequence[Rename]]  # the table for the model that was built
    strip: tuple[str, ...] = ()  # prefixes that some files carry and others do not; build sees names without them
    ignored: tuple[str, ...] = ()  # patterns of keys that hold nothing of the model


@cache
def formats() -> tuple[Format, ...]:
    """Every known layout, from every module of this package."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(known for module in modules for known in module.FORMATS)
