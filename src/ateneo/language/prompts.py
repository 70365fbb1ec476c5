"""Prompts are files of their own, `answer/prompts/NAME.LANGUAGE.md`, with a version that is raised at every change.

    ---
    version: 1
    ---
    # system
    What the model is and must do.
    # user
    $evidence

    $question

`$name` is filled in; `$$` is a dollar. What is filled in is fenced or cleaned first (`language.fence`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from ateneo.engines import Message
from ateneo.errors import InputError
from ateneo.language.fence import Block, clean

LANGUAGES = ("es", "en")  # every prompt is there in both
OTHERWISE = "en"  # for a person who writes in another
_FORM = re.compile(r"---\nversion: (\d+)\n---\n+# system\n(.*?)\n# user\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, read."""

    name: str
    language: str
    version: int
    system: str
    user: str

    def messages(self, values: Mapping[str, str], *, images: tuple[bytes, ...] = ()) -> list[Message]:
        """Filled in. A value that is no `Block` is cleaned. Raises InputError where one is missing."""
        safe = {name: value if isinstance(value, Block) else clean(value) for name, value in values.items()}
        try:
            system, user = (Template(part).substitute(safe) for part in (self.system, self.user))
        except (KeyError, ValueError) as error:
            raise InputError(f"cannot fill in the prompt {self.name}.{self.language}: {error} is missing") from error
        return [Message("system", system), Message("user", user, images)]


@cache
def prompt(name: str, language: str | None) -> Prompt:
    """The prompt of this name, in this language (BCP 47) or else in OTHERWISE. Raises InputError."""
    plain = (language or OTHERWISE).split("-")[0].lower()
    chosen = plain if plain in LANGUAGES else OTHERWISE
    file = files("ateneo") / "answer" / "prompts" / f"{name}.{chosen}.md"
    if not file.is_file():
        raise InputError(f"no prompt {name}.{chosen}; known: {', '.join(names())}")
    found = _FORM.fullmatch(file.read_text(encoding="utf-8"))
    if not found:
        raise InputError(
            f"cannot read the prompt {name}.{chosen}: it is not of the form that ateneo.language.prompts has"
        )
    return Prompt(name, chosen, int(found[1]), found[2].strip(), found[3].strip())


def names() -> list[str]:
    """The names of all prompts."""
    folder = files("ateneo") / "answer" / "prompts"
    return sorted({file.name.split(".")[0] for file in folder.iterdir() if file.name.endswith(".md")})
