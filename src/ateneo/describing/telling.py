"""A telling by a language model, in the asked style; each sentence is checked before a reader sees it.

The model is given numbered pieces (facts of the panel, what was said, slides, pictures) and answers with sentences, and
the numbers of what each rests on; code turns these into seconds. What the panel speaks against, or what no piece
supports, is marked with the reason. A long stretch is told in parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ateneo.describing.account import Piece, heading
from ateneo.describing.claims import Checker, unfounded
from ateneo.errors import BudgetSpent, CannotSee, EngineError
from ateneo.language import arithmetic
from ateneo.language.calls import Calls
from ateneo.language.fence import numbered
from ateneo.language.forms import SENTENCE, form, many
from ateneo.records import Told

PROMPT = "describe"
MOST_PIECES = 40  # in one part
MOST_PARTS = 3  # of a stretch; of more pieces, speech is thinned out
MOST_PICTURES = 6  # in one part
LONGEST_PIECE = 400  # characters of a piece that a model reads
TOKENS = 1500  # of one part
MOST_AGAIN = 4  # sentences one after the other that were told before of the same second: a model in a loop
SENTENCES = form({"sentences": many(SENTENCE)})


@dataclass(frozen=True, slots=True)
class Style:
    """How it is to be told; `language` is es or en."""

    words: str
    language: str


def tell(
    pieces: Sequence[Piece], pictures: Mapping[float, bytes], *, calls: Calls, style: Style, checker: Checker
) -> Iterator[Told]:
    """The sentences as they are written, checked, not yet timed to be read. `pictures` are JPEG files by their second.
    Raises EngineError."""
    before, again, said = 0.0, 0, set[tuple[str, float]]()
    try:
        for part in parts(pieces):
            for told in _part(part, _within(pictures, part), calls=calls, style=style, checker=checker):
                again = again + 1 if (told.text, told.start) in said else 0
                if again == MOST_AGAIN:
                    raise EngineError("{name} says the same again and again; use another model", name=calls.engine.name)
                said.add((told.text, told.start))
                before = max(before, told.start)
                yield Told(before, max(before, told.end), told.text, told.against)
    except BudgetSpent:
        return  # what is told is told


def parts(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The pieces in order of time, in as many parts as need be; where there are too many, speech is thinned out."""
    order = sorted(pieces, key=lambda piece: piece.start)
    room = MOST_PIECES * MOST_PARTS
    if len(order) > room:
        kept = [piece for piece in order if piece.kind != "speech"][:room]
        speech = [piece for piece in order if piece.kind == "speech"]
        step = len(speech) / max(1, room - len(kept))
        kept += [speech[int(n * step)] for n in range(room - len(kept))]
        order = sorted(kept, key=lambda piece: piece.start)
    return [order[n : n + MOST_PIECES] for n in range(0, len(order), MOST_PIECES)]


def _within(pictures: Mapping[float, bytes], part: Sequence[Piece]) -> dict[float, bytes]:
    """The pictures of a part, spread over it where there are more than a model is given."""
    first, last = part[0].start, max(piece.end for piece in part)
    seconds = [second for second in sorted(pictures) if first - 1 <= second <= last + 1]
    if len(seconds) > MOST_PICTURES:
        seconds = [seconds[round(n * (len(seconds) - 1) / (MOST_PICTURES - 1))] for n in range(MOST_PICTURES)]
    return {second: pictures[second] for second in dict.fromkeys(seconds)}


def _part(
    part: Sequence[Piece], pictures: Mapping[float, bytes], *, calls: Calls, style: Style, checker: Checker
) -> Iterator[Told]:
    """One part, with its pictures where the model sees, else without."""
    if pictures and calls.engine.sees:
        shown = [Piece("picture", second, second, f"picture {n}") for n, second in enumerate(pictures, 1)]
        try:
            yield from _asked([*part, *shown], tuple(pictures.values()), calls=calls, style=style, checker=checker)
            return
        except CannotSee:
            pass
    yield from _asked(list(part), (), calls=calls, style=style, checker=checker)


def _asked(
    part: Sequence[Piece], images: tuple[bytes, ...], *, calls: Calls, style: Style, checker: Checker
) -> Iterator[Told]:
    evidence = numbered([heading(piece)[:LONGEST_PIECE] for piece in part])
    values = {"style": style.words or DEFAULT[style.language], "evidence": evidence}
    items = calls.items(PROMPT, style.language, values, SENTENCES, key="sentences", images=images, max_tokens=TOKENS)
    for item in items:
        if told := _checked(item, part, style.language, checker):
            yield told


DEFAULT = {"es": "un relato sobrio", "en": "a sober account"}


def _checked(item: Mapping[str, Any], part: Sequence[Piece], language: str, checker: Checker) -> Told | None:
    """A sentence of the model with its time and what speaks against it; None where it says nothing."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(item["text"])).split())
    if not text:
        return None
    numbers = [number for number in dict.fromkeys(item["evidence"]) if 1 <= number <= len(part)]
    cited = [part[number - 1] for number in numbers]
    shown, _ = arithmetic.corrected(text, language)
    if not cited:
        return Told(part[0].start, part[0].start, shown, unfounded(language))
    start, end = min(piece.start for piece in cited), max(piece.end for piece in cited)
    against = checker.against(
        text, start=start, end=end, evidence=[piece.text for piece in cited if piece.kind != "picture"],
        exact=all(piece.kind == "panel" for piece in cited),
    )  # fmt: skip
    return Told(start, end, shown, against)
