"""The commands. Every heavy import stands inside the command that needs it, so that `--help` answers at once."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ateneo.cli import describe, draw, mending, models, train

if TYPE_CHECKING:
    from ateneo.api import Archive

app = typer.Typer(
    help="An assistant over an archive of recorded talks: add recordings, ask, and get answers cited to the second.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(describe.describe)
app.command()(mending.repair)
app.command()(mending.summarise)
app.command()(draw.draw)
app.add_typer(train.app, name="train")
app.add_typer(models.app, name="models")

Json = Annotated[bool, typer.Option("--json", help="Print the JSON document described in docs/json.md.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
TalkId = Annotated[str, typer.Argument(metavar="TALK", help="A talk's id, a part of only one, or its number.")]
Speaker = Annotated[str | None, typer.Option(help="Only talks of this speaker.")]
Language = Annotated[str | None, typer.Option(help="Only text in this language.")]
Since = Annotated[str | None, typer.Option(help="Only talks from this date on (ISO 8601).")]
Until = Annotated[str | None, typer.Option(help="Only talks up to this date (ISO 8601).")]
InTalk = Annotated[list[str] | None, typer.Option("--talk", help="Only this talk; may be given several times.")]


def _version(wanted: bool) -> None:
    if wanted:
        from ateneo import __version__

        print(f"ateneo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    archive: Annotated[
        Path | None,
        typer.Option(help="The archive's folder; else ATENEO_ARCHIVE, ./ateneo-archive where it exists, ~/Ateneo."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """An assistant over an archive of recorded talks: add recordings, ask, and get answers cited to the second."""
    context.obj = archive or default_archive(os.environ.get("ATENEO_ARCHIVE"), Path.cwd(), Path.home())


@app.command()
def add(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, caption files, folders.")],
    language: Annotated[str | None, typer.Option(help="The talks' language, where nothing else tells it.")] = None,
    speech: Annotated[bool, typer.Option(help="Recognise speech where there are no captions.")] = True,
    thorough: Annotated[bool, typer.Option(help="Also find slides shown only for moments (slower).")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many talks at a time.")] = 1,
) -> None:
    """Add recordings to the archive, or bring it up to date with them."""
    from ateneo.cli.bars import Bars
    from ateneo.cli.render import closing

    with Bars() as bars:
        report = _archive(context, make=True).add(
            paths, language=language, speech=speech, thorough=thorough, jobs=jobs, isolated=True, progress=bars
        )
    for problem in report.problems:
        _complain(problem)
    print(closing(report), file=sys.stderr)
    usable = sum(report.count(state) for state in ("indexed", "unchanged", "duplicate"))
    failed = bool(report.problems) or any(outcome.problems for outcome in report.outcomes)
    raise typer.Exit(2 if not usable else 1 if failed else 0)


@app.command()
def talks(context: typer.Context, as_json: Json = False) -> None:
    """List the talks of the archive."""
    from ateneo import documents
    from ateneo.cli import render

    found = _archive(context).talks()
    _print(as_json, lambda: documents.talks(found), lambda: render.talks(found))


@app.command()
def show(context: typer.Context, talk: TalkId, as_json: Json = False) -> None:
    """Show all that is known of one talk."""
    from ateneo import documents
    from ateneo.cli import render

    archive = _archive(context)
    found = archive.talk(archive.find(talk))
    _print(as_json, lambda: documents.show(found), lambda: render.show(found, source=archive.source(found.id)))


@app.command()
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS...")],
    limit: Limit = 10,
    talk: InTalk = None,
    speaker: Speaker = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Find the passages that hold these words, spoken, shown or summed up."""
    from ateneo import documents
    from ateneo.cli import render

    archive = _archive(context)
    where = _where(archive, talk=talk, speaker=speaker, language=language, since=since, until=until)
    found = archive.search(" ".join(words), limit=limit, where=where)
    _print(as_json, lambda: documents.search(found), lambda: render.search(found))


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION...")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many talks at most.")] = 5,
    talk: InTalk = None,
    speaker: Speaker = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="How sure an answer must be; lower answers more and errs more.")
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(help="A question asked before this one, for a language model; may be given several times."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer a question, over all talks and per talk, every sentence cited to the second."""
    from ateneo import documents
    from ateneo.cli import render

    archive = _archive(context)
    where = _where(archive, talk=talk, speaker=speaker, language=language, since=since, until=until)
    live = render.Live(sys.stderr) if archive.language_engine and sys.stderr.isatty() and not as_json else None
    asked = archive.ask(" ".join(question), limit=limit, where=where, threshold=threshold, after=after or (), told=live)
    if live:
        live.end()
    _print(as_json, lambda: documents.ask(asked), lambda: render.ask(asked, source=archive.source))


@app.command()
def see(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORDS...]")] = None,
    image: Annotated[Path | None, typer.Option(help="Find what this picture shows, in place of words.")] = None,
    limit: Limit = 10,
    talk: InTalk = None,
    speaker: Speaker = None,
    language: Language = None,
    since: Since = None,
    until: Until = None,
    sheet: Annotated[Path | None, typer.Option(help="Also write the frames found on one page: a .png or .jpg.")] = None,
    as_json: Json = False,
) -> None:
    """Find the frames that show something, by words or by a picture."""
    from ateneo import documents
    from ateneo.cli import render

    archive = _archive(context)
    where = _where(archive, talk=talk, speaker=speaker, language=language, since=since, until=until)
    found = archive.see(" ".join(words) if words else None, image=image, limit=limit, where=where)
    if unseen := archive.unseen():
        _complain(unseen)
    _print(
        as_json, lambda: documents.see(found), lambda: render.see(found, picture=archive.picture, source=archive.source)
    )
    if sheet:
        archive.write_sheet(sheet, found)


@app.command()
def look(
    context: typer.Context,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture's file.")],
    question: Annotated[list[str] | None, typer.Argument(metavar="[QUESTION...]")] = None,
    riddle: Annotated[bool, typer.Option("--riddle", help="Solve it: first letters of what is drawn.")] = False,
    language: Annotated[str | None, typer.Option(help="es or en; else that of the question, else es.")] = None,
    labels: Annotated[Path | None, typer.Option(help="A file of names to choose from, one a line.")] = None,
    words: Annotated[Path | None, typer.Option(help="A file of words that a riddle may mean, one a line.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the rooms of a floor plan to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Answer a question about a picture: what it shows and says, the rooms of a floor plan, a riddle, a solution."""
    from ateneo import documents
    from ateneo.cli import render

    asked = " ".join(question or [])
    archive = _archive(context, make=True)
    found = archive.look(
        image, asked, labels=labels, words=words, language=language, riddle=riddle, plan=csv is not None
    )
    if csv is not None:
        from ateneo.looking.plan_answers import to_csv

        archive.write_out(csv, to_csv(found.tables))
    _print(as_json, lambda: documents.look(found), lambda: render.look(found))


@app.command()
def export(
    context: typer.Context,
    talks: Annotated[list[str], typer.Argument(metavar="TALK...", help="Ids, parts of ids, or numbers.")],
    format: Annotated[str, typer.Option("--format", "-f", help="vtt, srt, md or chapters.")] = "vtt",
    language: Annotated[str | None, typer.Option(help="Which transcript; else the talk's own language.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file, or a folder for several; else stdout.")
    ] = None,
) -> None:
    """Write talks out as captions, notes or chapters."""
    from ateneo.export import FORMATS

    archive = _archive(context)
    found = [archive.find(talk) for talk in talks]
    texts = {talk: archive.export(talk, format=format, language=language) for talk in found}
    into_folder = output is not None and (len(texts) > 1 or output.is_dir())
    for talk, text in texts.items():
        target = output / f"{talk}{FORMATS[format]}" if output and into_folder else output
        if target is None:
            sys.stdout.write(text)
        else:
            archive.write_out(target, text)


@app.command()
def remove(context: typer.Context, talks: Annotated[list[str], typer.Argument(metavar="TALK...")]) -> None:
    """Take talks out of the archive; the recordings themselves stay where they are."""
    archive = _archive(context)
    for talk in [archive.find(talk) for talk in talks]:
        archive.remove(talk)
        print(f"removed {talk}", file=sys.stderr)


@app.command()
def correct(
    context: typer.Context,
    talk: TalkId,
    title: Annotated[str | None, typer.Option(help="The title.")] = None,
    speaker: Annotated[list[str] | None, typer.Option(help="A speaker; may be given several times.")] = None,
    date: Annotated[str | None, typer.Option(help="The date; '' takes it away.")] = None,
    number: Annotated[str | None, typer.Option(help="The number; '' takes it away.")] = None,
    language: Annotated[str | None, typer.Option(help="The talk's language; with --at, which transcript.")] = None,
    at: Annotated[str | None, typer.Option(help="Where a caption begins: seconds or [H:]MM:SS.")] = None,
    text: Annotated[str | None, typer.Option(help="What the caption at --at says; '' takes it out.")] = None,
) -> None:
    """Put right a talk's title, speakers, date, number, language, or the text of a caption."""
    from ateneo.archive.store import seconds
    from ateneo.errors import InputError

    archive = _archive(context)
    found = archive.find(talk)
    if (at is None) != (text is None):
        raise InputError("cannot correct a caption: give both --at and --text")
    if at is not None and text is not None:
        track = archive.transcript(found, language=language)
        archive.correct_caption(found, language=track.language, start=seconds(at), text=text)
        language = None
    given = {"title": title, "date": date, "number": number, "language": language, "speakers": speaker or None}
    if any(value is not None for value in given.values()):
        archive.correct(found, **given)  # type: ignore[arg-type]
    elif at is None:
        raise InputError(
            "nothing to correct: give --title, --speaker, --date, --number, --language, or --at and --text"
        )
    print(f"corrected {found}", file=sys.stderr)


@app.command()
def reindex(context: typer.Context) -> None:
    """Follow corrections made by hand, and make the index again where it is missing or damaged."""
    from ateneo.cli.bars import Bars
    from ateneo.cli.render import closing

    with Bars() as bars:
        report = _archive(context).reindex(progress=bars)
    for problem in report.problems:
        _complain(problem)
    print(closing(report), file=sys.stderr)
    raise typer.Exit(1 if any(outcome.problems for outcome in report.outcomes) else 0)


@app.command()
def serve(
    context: typer.Context,
    address: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is everywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8765,
    read_only: Annotated[bool, typer.Option("--read-only", help="Nothing can be added, corrected or removed.")] = False,
    name: Annotated[list[str] | None, typer.Option(help="A host name to answer to, behind a proxy.")] = None,
    folder: Annotated[list[Path] | None, typer.Option(help="A folder from which the page may add recordings.")] = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the archive as a web page, with its JSON interface (docs/web.md)."""
    from ateneo.cli import printable
    from ateneo.web.serve import rules_for, serve

    settings = _archive(context, make=True).settings
    rules = rules_for(
        address, password=settings.password, token=settings.token, read_only=read_only, names=name or (),
        folders=folder or (),
    )  # fmt: skip

    def told(line: str) -> None:
        print(printable(line), file=sys.stderr)

    serve(context.obj, rules, address=address, port=port, told=told, browser=browser)


@app.command()
def password(context: typer.Context) -> None:
    """Make the line for ateneo.toml that gives the web page a password."""
    from ateneo.web.access import hashed

    secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    print(f'password = "{hashed(secret)}"')


@app.command()
def mcp(context: typer.Context) -> None:
    """Serve the archive to an assistant by the Model Context Protocol, on stdin and stdout (docs/web.md)."""
    from ateneo.web.mcp import serve

    serve(context.obj)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """List engines, models and versions, what is missing, and the command that gets it."""
    from ateneo.cli import render
    from ateneo.doctor import examine

    found = examine(context.obj)
    _print(as_json, lambda: found, lambda: render.doctor(found))


def default_archive(environment: str | None, folder: Path, home: Path) -> Path:
    """Where the archive is when no --archive is given: ATENEO_ARCHIVE, ./ateneo-archive where it exists, ~/Ateneo."""
    if environment:
        return Path(environment).expanduser()
    here = folder / "ateneo-archive"
    return here if here.is_dir() else home / "Ateneo"


def _archive(context: typer.Context, *, make: bool = False) -> "Archive":
    from ateneo.api import Archive

    return Archive(context.obj, make=make)


def _where(archive: "Archive", *, talk: list[str] | None, **given: str | None) -> dict[str, Any] | None:
    where: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if talk:
        where["talk"] = [archive.find(name) for name in talk]
    return where or None


def _print(as_json: bool, document: Any, text: Any) -> None:
    if as_json:
        json.dump(document(), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        sys.stdout.write(text())
    sys.stdout.flush()


def _complain(problem: str) -> None:
    from ateneo.cli import printable

    print(f"ateneo: {printable(problem)}", file=sys.stderr)
