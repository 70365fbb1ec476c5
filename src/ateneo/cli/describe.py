"""`ateneo describe`: a stretch of a talk, told; the facts first, then each sentence as soon as it is checked."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ateneo.records import Fact, Told


def describe(
    context: typer.Context,
    talk: Annotated[str, typer.Argument(metavar="TALK", help="A talk's id, a part of only one, or its number.")],
    start: Annotated[str, typer.Option("--from", help="Where the stretch begins: seconds or [H:]MM:SS.")] = "0",
    end: Annotated[str | None, typer.Option("--to", help="Where it ends; else the end of the talk.")] = None,
    style: Annotated[str, typer.Option(help='How it is told, such as "sports commentator"; needs a model.')] = "",
    language: Annotated[
        str | None, typer.Option(help="es or en; else that of the style's words, or the talk's.")
    ] = None,
    vtt: Annotated[Path | None, typer.Option(help="Also write the telling as captions, timed to the action.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the JSON document described in docs/json.md.")] = False,
) -> None:
    """Describe a stretch of a talk: the facts on the screen, each with its second, and a telling that keeps to them."""
    from ateneo import documents
    from ateneo.api import Archive
    from ateneo.cli import printable

    archive = Archive(context.obj, make=False)
    if sys.stderr.isatty():
        print("ateneo: reading the screen; the first time this may take as long as the stretch", file=sys.stderr)
    found = archive.describe(
        archive.find(talk), start=_second(start), end=_second(end) if end else None, style=style, language=language,
        seen=None if as_json else _Printer(),
    )  # fmt: skip
    sober = "told soberly: a style needs a language model (docs/assistant.md)"
    for note in found.notes or ([sober] if style and not found.engine else []):
        print(f"ateneo: {printable(note)}", file=sys.stderr)
    if as_json:
        json.dump(documents.describe(found), sys.stdout, ensure_ascii=False, indent=1)
        print()
    if vtt:
        from ateneo.describing.account import as_vtt

        archive.write_out(vtt, as_vtt(found.sentences))


class _Printer:
    """Prints facts and sentences as they come, with an empty line between the two. An account that only says the facts
    again is not printed."""

    def __init__(self) -> None:
        self.facts: list[str] = []
        self.again: list[Told] = []
        self.sentences = 0

    def __call__(self, one: "Fact | Told") -> None:
        from ateneo.records import Fact

        if isinstance(one, Fact):
            self.facts.append(one.text)
            self._line(one.second, one.text)
            return
        place = len(self.again)
        if not self.sentences and place < len(self.facts) and one.text == f"{self.facts[place]}.":
            self.again.append(one)
            return
        for told in [*self.again, one]:
            self._sentence(told)
        self.again = []

    def _sentence(self, told: "Told") -> None:
        if self.facts and not self.sentences:
            print()
        self.sentences += 1
        self._line(told.start, f"⚠ {told.text} [{told.against}]" if told.against else told.text)

    def _line(self, second: float, text: str) -> None:
        from ateneo.cli import printable
        from ateneo.export import clock

        print(f"{clock(second):>8}  {printable(text)}", flush=True)


def _second(written: str) -> float:
    """Seconds of "62.5", "1:02" or "1:02:03". Raises InputError."""
    from ateneo.archive.store import seconds
    from ateneo.errors import ArchiveError, InputError

    try:
        return seconds(written.replace(",", "."))
    except ArchiveError:
        raise InputError(f"cannot read the time {written!r}; write seconds or [H:]MM:SS, as 62.5 or 1:02:03") from None
