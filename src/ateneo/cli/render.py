"""What the commands print for people: plain text, one function a document. Times are M:SS or H:MM:SS."""

import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ateneo import spanish
from ateneo.cli import printable
from ateneo.contact_sheet import by_talk
from ateneo.engines.catalogue import Row
from ateneo.engines.model_store import Model
from ateneo.export import clock
from ateneo.ingest.run import AddReport
from ateneo.records import Arithmetic, Asked, Citation, Hit, Hits, Looked, Sentence, Sight, Sights, Talk, TalkDetail
from ateneo.text import guess_language

WIDTH = 100  # columns of running text
REFUSAL = {"en": ("The archive does not say.", "Nearest:"), "es": ("El archivo no lo dice.", "Lo más cercano:")}

ASSISTED = {
    "en": {
        "disagree": "Talks that say different things:",
        "understood": "Understood as: {}",
        "dropped": "Sentences left out because the talks do not say them: {}.",
        "doubtful": "Sentences with (?), which the talks may not say: {}. Compare them with what is cited.",
        "note": "Written without the language model: {}",
    },
    "es": {
        "disagree": "Charlas que dicen cosas distintas:",
        "understood": "Se entendió: {}",
        "dropped": "Frases que no se muestran porque las charlas no las dicen: {}.",
        "doubtful": "Frases con (?), que quizá las charlas no digan: {}. Compáralas con lo citado.",
        "note": "Escrito sin el modelo de lenguaje: {}",
    },
}  # fmt: skip


def heading(talk: Talk) -> str:
    """TITLE. Speaker. Date"""
    title = printable(talk.title).upper().rstrip(".")
    return ". ".join(filter(None, [title, ", ".join(map(printable, talk.speakers)), talk.date]))


def talks(found: Sequence[Talk]) -> str:
    """One line a talk, with a closing count."""
    rows = [
        [talk.id, talk.number or "", talk.date or "", clock(talk.duration) if talk.duration else "",
         talk.language or "", printable(talk.title)[:60], printable(", ".join(talk.speakers))]
        for talk in found
    ]  # fmt: skip
    return _table(["id", "nº", "date", "length", "lang", "title", "speakers"], rows) + f"{_count(len(found), 'talk')}\n"


def show(talk: TalkDetail, *, source: str) -> str:
    """Heading, metadata, summary, chapters, slides, files and stages."""
    facts = {
        "id": talk.id,
        "number": talk.number,
        "language": talk.language,
        "length": clock(talk.duration) if talk.duration else None,
        "recording": printable(source),
        "transcripts": ", ".join(f"{c.language} ({c.path})" for c in talk.captions) or "none",
    }
    lines = [heading(talk), "", *(f"{name:<12} {value}" for name, value in facts.items() if value)]
    if talk.summary:
        lines += ["", _wrapped(talk.summary)]
    if talk.chapters:
        lines += ["", "Chapters", *(f"  {clock(c.start):>8}  {printable(c.title)}" for c in talk.chapters)]
    if talk.frames:
        lines += ["", "Slides", *(f"  {clock(f.start):>8}  {_first_line(f.text) or f.kind}" for f in talk.frames)]
    if talk.repairs:
        lines += ["", "Repairs"]
        lines += [f"  {clock(r.start):>8}  {r.id}. {printable(r.was)} → {printable(r.now)} ({printable(r.reason)})"
                  for r in talk.repairs]  # fmt: skip
    lines += ["", "Stages"]
    lines += [f"  {name:<10} {s.state:<8} {s.seconds:8.2f} s  {s.engine}" for name, s in talk.stages.items()]
    return "\n".join(lines) + "\n"


def search(found: Hits) -> str:
    """Hits grouped by talk, best talk first."""
    if not found.hits:
        return "Nothing found.\n"
    groups: dict[str, list[Hit]] = {}
    for hit in found.hits:
        groups.setdefault(hit.talk.id, []).append(hit)
    return "\n".join(_hits(group) for group in groups.values())


def see(found: Sights, *, picture: Callable[[Sight], Path], source: Callable[[str], str]) -> str:
    """Hits grouped by talk, the talk of the best one first: number and heading, and of each frame the second, the file
    of the picture, and where to open the recording."""
    if not found.hits:
        return "Nothing found.\n"
    return "\n".join(_seen(talk, sights, picture, source) for talk, sights in by_talk(found))


def _seen(talk: Talk, sights: Sequence[Sight], picture: Callable[[Sight], Path], source: Callable[[str], str]) -> str:
    number = f"{printable(talk.number)}. " if talk.number else ""
    lines = [f"{number}{heading(talk)}  [{talk.id}]"]
    for sight in sights:
        lines.append(f"  {clock(sight.frame.start):>8}  {_first_line(sight.frame.text) or sight.frame.kind}")
        lines.append(f"            {_here(picture(sight))}")
        lines.append(f"            {_here(Path(source(talk.id)))}#t={sight.frame.start:.0f}")
    return "\n".join(lines) + "\n"


def _here(path: Path) -> str:
    """A path as it is shortest from the folder that one is in."""
    folder = Path.cwd()
    return printable(str(path.relative_to(folder) if path.is_relative_to(folder) else path))


def look(found: Looked) -> str:
    """The answer; of a floor plan the table; calculations with what they come to; of a riddle each drawing with its
    letter and names, and where the words were from; last what was checked and by whom."""
    lines = [_wrapped(line) if line else "" for line in found.answer.split("\n")]
    for table in found.tables:
        rows = [[printable(cell) for cell in row] for row in table]
        lines += ["", _table(rows[0], rows[1:]).rstrip()]
    if found.arithmetic:
        lines += ["", *(_calculation(one) for one in found.arithmetic)]
    for drawing in found.drawings:
        names = ", ".join(f"{printable(one.name)} {one.probability:.0%}" for one in drawing.names)
        lines.append(f"  {drawing.letter.upper() or '?'}  {printable(drawing.name):<24} ({names})")
    if found.word_list:
        lines.append(f"  words: {printable(found.word_list)}")
    if found.notes:
        lines += ["", *(_wrapped(note) for note in found.notes)]
    return "\n".join(lines) + "\n"


def _calculation(one: Arithmetic) -> str:
    return f"  {'✓' if one.right else '✗'} {printable(one.found)}" + ("" if one.right else f"  →  {one.value:.6g}")


def ask(asked: Asked, *, source: Callable[[str], str]) -> str:
    """The merged answer with numbered citations, then the answer of each talk, then where to open the recordings;
    where the archive does not say, that, in the language of the question, and what came nearest."""
    if asked.answer is None:
        near = [f"  {clock(h.start):>8}  {printable(h.talk.title)}: {_shortened(h.text)}" for h in asked.nearest]
        nothing, nearest = REFUSAL[guess_language(asked.question) or "en"]
        return "\n".join([nothing, *(["", nearest, *near] if near else []), *_assistance(asked)]) + "\n"
    numbers: dict[Citation, int] = {}
    parts = [_wrapped(" ".join(_cited(sentence, numbers) for sentence in asked.answer.sentences)), ""]
    for part in asked.talks:
        parts.append(heading(part.talk))
        parts += [_wrapped(_cited(sentence, numbers), first="  - ", rest="    ") for sentence in part.sentences]
        parts.append("")
    parts += _disagreeing(asked, numbers)
    titles = {part.talk.id: part.talk for part in asked.talks}
    parts += [_reference(number, citation, titles, source) for citation, number in numbers.items()]
    return "\n".join([*parts, *_assistance(asked)]) + "\n"


def _disagreeing(asked: Asked, numbers: dict[Citation, int]) -> list[str]:
    """What talks say against one another, side by side."""
    sides = asked.assistance.disagreements if asked.assistance else ()
    lines = [_wrapped(_cited(one, numbers), first="  - ", rest="    ") for part in sides for one in part]
    return [ASSISTED[_language(asked)]["disagree"], *lines, ""] if lines else []


def _assistance(asked: Asked) -> list[str]:
    """What the language model wrote in vain, and where the answer is Ateneo's own."""
    if asked.assistance is None:
        return []
    known = ASSISTED[_language(asked)]
    doubtful = sum(bool(s.doubt) for p in (asked.answer, *asked.talks) if p for s in p.sentences)
    lines = [known["understood"].format(asked.assistance.understood)] if asked.assistance.understood else []
    lines += [known["dropped"].format(asked.dropped)] if asked.dropped else []
    lines += [known["doubtful"].format(doubtful)] if doubtful else []
    if failed := asked.assistance.failed:
        lines.append(known["note"].format(spanish.in_language(failed, _language(asked))))
    return ["", *(_wrapped(line) for line in lines)] if lines else []


def _language(asked: Asked) -> str:
    return guess_language(asked.question) or "en"


class Live:
    """Sentences on a terminal as they are checked, wiped when the whole answer is there."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.lines = stream, 0

    def __call__(self, sentence: Sentence) -> None:
        lines = _wrapped(_doubted(sentence)).split("\n")
        columns = shutil.get_terminal_size().columns
        self.lines += sum(max(1, -(-len(line) // columns)) for line in lines)
        print("\n".join(lines), file=self.stream, flush=True)

    def end(self) -> None:
        """Takes the sentences off the terminal again."""
        if self.lines:
            self.stream.write(f"\x1b[{self.lines}F\x1b[J")
            self.stream.flush()


def _doubted(sentence: Sentence) -> str:
    return f"(?) {printable(sentence.text)}" if sentence.doubt else printable(sentence.text)


def closing(report: AddReport) -> str:
    """The closing count, and what was skipped or is incomplete."""
    incomplete = sum(outcome.state != "skipped" and bool(outcome.problems) for outcome in report.outcomes)
    names = {"indexed": "indexed", "unchanged": "unchanged", "duplicate": "already there", "skipped": "skipped"}
    counts = [f"{report.count(state)} {name}" for state, name in names.items() if report.count(state)]
    counts += [f"{incomplete} incomplete"] if incomplete else []
    skipped = [f"  skipped {printable(outcome.path)}" for outcome in report.outcomes if outcome.state == "skipped"]
    return "\n".join([", ".join(counts) or "nothing to do", *skipped])


def doctor(found: Mapping[str, Any]) -> str:
    """One line an engine, model and package; what is missing comes with the command that gets it."""
    lines = []
    for section in ("archive", "engines", "models", "assistant", "programs", "packages"):
        lines.append(section.capitalize())
        for row in found[section]:
            mark = "ok     " if row["ok"] else "missing"
            lines.append(f"  {mark} {row['name']:<24} {row['detail']}")
            if row.get("get"):
                lines.append(f"          get it: {row['get']}")
        lines.append("")
    return "\n".join(lines)


def models(rows: Sequence[Row]) -> str:
    """A line a model; * marks what the archive uses."""
    header = ["", "name", "for", "size", "licence", "revision", "numbers", "state", ""]
    table = [
        ["*" if row.used else "", row.name, row.kind, _size(row.size), row.licence or "", (row.revision or "")[:10],
         str(row.dimensions or ""), row.state, textwrap.shorten(row.about, 60, placeholder=" …")]
        for row in rows
    ]  # fmt: skip
    return _table(header, [[printable(cell) for cell in row] for row in table])


def pulled(model: Model) -> str:
    """What was pulled, and what to do with it."""
    return (
        f"{model.name} is here: {_size(model.size)}, {model.dimensions} numbers, licence {printable(model.licence)}, "
        f"revision {model.revision[:12]}\nuse it in an archive with `ateneo models use {model.name}`"
    )


def chosen(archive: Path, setting: str, engine: str, *, due: int, kept: int) -> str:
    """What a change of model means for an archive of which `due` talks are to be indexed again, `kept` of them with
    vectors that this model has made before."""
    lines = [f'{setting} = "{engine}" in {archive / "ateneo.toml"}']
    if due:
        again = f"{_count(due - kept, 'talk')} to embed" if due > kept else "nothing to embed"
        again += f", {_count(kept, 'talk')} embedded before" if kept else ""
        alone = "search goes by words alone" if setting == "text_engine" else "pictures are found by their text alone"
        lines.append(f"{again}: `ateneo reindex` does it; until then {alone} there")
    return "\n".join(lines)


def _size(size: int | None) -> str:
    return "" if size is None else f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _hits(group: Sequence[Hit]) -> str:
    lines = [f"{heading(group[0].talk)}  [{group[0].talk.id}]"]
    for hit in group:
        lines.append(_wrapped(_shortened(hit.text), first=f"  {clock(hit.start):>8} {hit.source:<7} ", rest=" " * 19))
    return "\n".join(lines) + "\n"


def _cited(sentence: Sentence, numbers: dict[Citation, int]) -> str:
    marks = [f"[{numbers.setdefault(citation, len(numbers) + 1)}]" for citation in sentence.citations]
    return f"{_doubted(sentence)} {''.join(marks)}"


def _reference(number: int, citation: Citation, talks: Mapping[str, Talk], source: Callable[[str], str]) -> str:
    title = talks[citation.talk].title if citation.talk in talks else citation.talk
    where = _here(Path(source(citation.talk)))
    return f"[{number}] {printable(title)}, {clock(citation.start)}  {where}#t={citation.start:.0f}"


def _wrapped(text: str, *, first: str = "", rest: str = "") -> str:
    return textwrap.fill(printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _shortened(text: str) -> str:
    return textwrap.shorten(printable(text), 240, placeholder=" …")


def _first_line(text: str) -> str:
    return printable(text.strip().split("\n")[0])[:80]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(header))]
    return "".join(
        "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in table
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
