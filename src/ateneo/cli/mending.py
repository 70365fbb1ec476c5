"""`ateneo summarise` and `ateneo repair`: what a language model makes of a talk, each piece borne out by it."""

import sys
from typing import Annotated

import typer

Talks = Annotated[list[str], typer.Argument(metavar="TALK...", help="Ids, parts of ids, or numbers.")]


def summarise(
    context: typer.Context,
    talks: Talks,
    own: Annotated[bool, typer.Option("--own", help="Put the talk's own sentences back; needs no model.")] = False,
) -> None:
    """Have a language model write summaries, chapter titles and missing titles, borne out by the talk."""
    from ateneo.api import Archive
    from ateneo.cli import printable

    archive = Archive(context.obj, make=False)
    for talk in [archive.find(name) for name in talks]:
        found = archive.summarise(talk, own=own)
        print(f"{printable(found.title)}\n{printable(found.summary)}\n", flush=True)


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
    from ateneo.api import Archive
    from ateneo.cli import printable
    from ateneo.export import clock

    archive = Archive(context.obj, make=False)
    for talk in [archive.find(name) for name in talks]:
        back = bool(undo or undo_all)
        made = archive.undo_repairs(talk, undo) if back else archive.repair(talk, language=language)
        for one in made:
            was, now = (one.now, one.was) if back else (one.was, one.now)
            print(f"{clock(one.start):>8}  {one.id}. {printable(was)} → {printable(now)} ({printable(one.reason)})")
        print(f"{talk}: {len(made)} {'taken back' if back else 'repaired'}", file=sys.stderr)
