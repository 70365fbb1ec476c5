"""`ateneo summarise` and `ateneo repair`: what a language model makes of a talk, each piece borne out by it."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ateneo.api import Archive

Talks = Annotated[list[str], typer.Argument(metavar="TALK...", help="Ids, parts of ids, or numbers.")]


def summarise(
    context: typer.Context,
    talks: Talks,
    own: Annotated[bool, typer.Option("--own", help="Put the talk's own sentences back; needs no model.")] = False,
) -> None:
    """Have a language model write summaries, chapter titles and missing titles, borne out by the talk."""
    from ateneo.cli import printable

    def one(archive: "Archive", talk: str) -> None:
        found = archive.summarise(talk, own=own, noted=_told)
        print(f"{printable(found.title)}\n{printable(found.summary)}\n", flush=True)

    _each(context, talks, one, verb="summarise")


def repair(
    context: typer.Context,
    talks: Talks,
    language: Annotated[str | None, typer.Option(help="Which transcript; else the talk's own language.")] = None,
    undo: Annotated[
        list[int] | None, typer.Option(help="Take the repair of this number back; may be given several times.")
    ] = None,
    undo_all: Annotated[bool, typer.Option("--undo-all", help="Take all repairs back.")] = False,
) -> None:
    """Put words right that a recogniser misheard, each with its reason; `ateneo show` lists them."""
    from ateneo.cli import printable
    from ateneo.export import clock

    def one(archive: "Archive", talk: str) -> None:
        back = bool(undo or undo_all)
        made = archive.undo_repairs(talk, undo) if back else archive.repair(talk, language=language)
        for one in made:
            was, now = (one.now, one.was) if back else (one.was, one.now)
            print(f"{clock(one.start):>8}  {one.id}. {printable(was)} → {printable(now)} ({printable(one.reason)})")
        print(f"{talk}: {len(made)} {'taken back' if back else 'repaired'}", file=sys.stderr)

    _each(context, talks, one, verb="repair")


def _each(context: typer.Context, talks: list[str], one: Callable[["Archive", str], None], *, verb: str) -> None:
    """Does it to one talk after the other; one that fails stops no other. Exit status: 1 some failed, 2 all."""
    from ateneo.api import Archive
    from ateneo.errors import AteneoError

    archive = Archive(context.obj, make=False)
    failed = 0
    for talk in [archive.find(name) for name in talks]:
        try:
            one(archive, talk)
        except AteneoError as error:
            failed += 1
            said = str(error)
            _told(said if talk in said else f"cannot {verb} {talk}: {said}")
    if failed:
        raise typer.Exit(2 if failed == len(talks) else 1)


def _told(line: str) -> None:
    from ateneo.cli import printable

    print(f"ateneo: {printable(line)}", file=sys.stderr)
