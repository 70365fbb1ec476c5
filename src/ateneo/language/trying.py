"""A model, tried: is its server reached, is the model there, does it answer and see? What `ateneo doctor` tells."""

import io
import time
from dataclasses import dataclass

from ateneo.engines import ChatEngine
from ateneo.errors import AteneoError, CannotSee
from ateneo.language.calls import Calls

TOKENS = 400  # enough to think aloud a little before one word
LIMIT = 60.0  # s
STEP = "docs/assistant.md says how each server is started and set"  # beside what the error itself says
SIDE = 64  # pixels of the picture that is sent
RED = (200, 30, 30)


@dataclass(frozen=True, slots=True)
class Tried:
    """What one trial showed, and the next step where it failed."""

    what: str
    works: bool
    detail: str
    step: str = ""


def trials(engine: ChatEngine, *, pictures: bool) -> list[Tried]:
    """One trial after the other, up to the first that fails; `pictures` tries whether it sees as well. A model that the
    server does not list is asked all the same: some servers have more than they list."""
    found = [_reached(engine)] if hasattr(engine, "models") else []
    if all(one.works for one in found):
        found.append(_answers(engine))
    if pictures and all(one.works for one in found):
        found.append(_sees(engine))
    return found


def _reached(engine: ChatEngine) -> Tried:
    """Whether the server is there, and the model on it."""
    try:
        names, model = engine.models(), engine.model  # type: ignore[attr-defined]
    except AteneoError as error:
        return Tried("server", False, str(error), STEP)
    if model not in names and f"{model}:latest" not in names:
        listed = f"other models: {', '.join(names[:8])}" if names else "no models"
        return Tried("server", True, f"{engine.name} is reached, but lists {listed}")
    return Tried("server", True, f"{engine.name} is reached and has {model}")


def _answers(engine: ChatEngine) -> Tried:
    start = time.monotonic()
    try:
        Calls(engine, limit=LIMIT).text("ping", "en", {}, max_tokens=TOKENS)
    except AteneoError as error:
        return Tried("answer", False, str(error), STEP)
    return Tried("answer", True, f"it answers, after {time.monotonic() - start:.1f} s")


def _sees(engine: ChatEngine) -> Tried:
    """Whether it takes a picture, and tells its colour."""
    if not engine.sees:
        return Tried("pictures", False, f"{engine.name} takes no pictures", "set vision_model to one that does")
    try:
        said = Calls(engine, limit=LIMIT).text("colour", "en", {}, images=(_picture(),), max_tokens=TOKENS)
    except CannotSee as error:
        return Tried("pictures", False, str(error), 'set vision_model, or vision_engine = "none"')
    except AteneoError as error:
        return Tried("pictures", False, str(error), "see the log of the server")
    right = "red" in said.lower()
    told = (
        "and tells red from other colours" if right else "but did not tell the colour of a red one: it may be too small"
    )
    return Tried("pictures", True, f"it takes pictures, {told}")


def _picture() -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), RED).save(made, "PNG")
    return made.getvalue()
