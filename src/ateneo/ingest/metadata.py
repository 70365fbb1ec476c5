"""What is known of a talk without looking at it: title, speakers, date, number, language.

Trusted in this order, field by field: the row of a person's table (talks.csv, talks.yaml) in the talk's folder,
yt-dlp's NAME.info.json beside it, the tags inside the recording. The language in a recording's tags is left aside:
programs write "eng" there whatever is spoken. Whatever cannot be used costs one warning that names file and line.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from ateneo.errors import InputError
from ateneo.ingest.caption_names import SUFFIXES, split_name
from ateneo.ingest.captions import decode
from ateneo.ingest.language import tag
from ateneo.ingest.media import RECORDINGS

TABLES = ("talks.csv", "talks.yaml", "talks.yml")
LARGEST = 64 * 2**20  # bytes of a table or an info.json
YEARS = range(1850, 2101)  # of recordings, and of what is announced
FIELDS = ("title", "speakers", "date", "number", "language", "description", "url")
COLUMNS = {
    "file": "file filename fichero archivo path ruta video recording grabacion",
    "title": "title titulo charla talk nombre name",
    "speakers": "speakers speaker ponentes ponente autores autor authors author conferenciantes conferenciante orador",
    "date": "date fecha dia day",
    "number": "number numero num no n nº",
    "language": "language idioma lengua lang",
    "description": "description descripcion resumen abstract",
    "url": "url enlace link web",
}
_MONTHS = """
enero january ene jan|febrero february feb|marzo march mar|abril april abr apr|mayo may|junio june jun|julio july jul
agosto august ago aug|septiembre setiembre september sep sept set|octubre october oct|noviembre november nov
diciembre december dic dec
"""
MONTHS = {
    name: number for number, names in enumerate(re.split(r"[|\n]", _MONTHS.strip()), start=1) for name in names.split()
}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR_FIRST = re.compile(r"^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[t ]\d{1,2}[:.]\d.*)?$")
_PACKED = re.compile(r"^(\d{4})(\d\d)(\d\d)(?:[t ]?\d{4,6}z?)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d\d)(?:[t ,]+\d{1,2}[:.]\d.*)?$")
_DAY_IN_WORDS = re.compile(rf"^(?:[a-z]+,?\s+)?(\d{{1,2}})\.?\s+(?:de\s+)?({_MONTH})\.?,?\s+(?:del?\s+)?(\d{{4}})$")
_MONTH_IN_WORDS = re.compile(rf"^(?:[a-z]+,?\s+)?({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})$")


@dataclass(frozen=True, slots=True)
class TalkMetadata:
    """What is told of a talk; `date` is ISO 8601 (a year alone where no more is told), `language` BCP 47."""

    title: str
    speakers: tuple[str, ...] = ()
    date: str | None = None
    number: str | None = None
    language: str | None = None
    description: str = ""
    url: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """Fields as they were written, and where: "talks.csv, line 7"."""

    place: str
    values: Mapping[str, Any]


def read(path: Path, *, tags: Mapping[str, str] | None = None) -> TalkMetadata:
    """The metadata of the talk in a recording or caption file; `tags` are those inside it. Raises nothing: what cannot
    be used is in the warnings. Without any metadata the title is the file's name without its language."""
    warnings: list[str] = []
    sources = [*_rows(path, warnings), *_info(path, warnings), _Source(f"the tags of {path}", _from_tags(tags or {}))]
    found: dict[str, Any] = {}
    for source in sources:
        for name in FIELDS:
            if name not in found and (value := _value(name, source, warnings)):
                found[name] = value
    found.setdefault("title", split_name(path)[0])
    return TalkMetadata(**found, warnings=tuple(warnings))


def parse_date(written: str) -> str | None:
    """ISO 8601 of a date in one of the usual forms, day before month; None for what is no date."""
    text = _folded(written)
    if match := _PACKED.match(text) or _YEAR_FIRST.match(text):
        year, month, day = (int(part) if part else 0 for part in match.groups())
    elif match := _DAY_FIRST.match(text):
        day, month, year = (int(part) for part in match.groups())
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        if month > 12:
            day, month = month, day
    elif match := _DAY_IN_WORDS.match(text):
        day, month, year = int(match[1]), MONTHS[match[2]], int(match[3])
    elif match := _MONTH_IN_WORDS.match(text):
        day, month, year = int(match[2]), MONTHS[match[1]], int(match[3])
    else:
        return None
    return _iso(year, month, day)


def _iso(year: int, month: int, day: int) -> str | None:
    """The date, or what is told of it (0 for what is not); None for one that no calendar has."""
    try:
        whole = date(year, month or 1, day or 1).isoformat()
    except ValueError:
        return None
    return whole[: 10 if day else 7 if month else 4] if year in YEARS else None


def _value(name: str, source: _Source, warnings: list[str]) -> Any:
    """A field of a source, made proper; None, and a warning, for what cannot be used."""
    written = source.values.get(name)
    if name == "speakers":
        names = written if isinstance(written, list) else str(written or "").split(";")
        return tuple(text for one in names if (text := _clean(one)))
    text = _clean(written)
    if not text or name not in ("date", "language"):
        return text
    proper = parse_date(text) if name == "date" else tag(text)
    if proper is None:
        example = "a date such as 2017-10-25" if name == "date" else "a language such as es"
        warnings.append(f"cannot use {source.place}: {text!r} is not {example}; correct it and add the talk again")
    return proper


def _clean(written: object) -> str:
    """A value on one line, without space around."""
    return " ".join(str(written).split()) if written is not None and not isinstance(written, dict | list) else ""


def _rows(path: Path, warnings: list[str]) -> Iterator[_Source]:
    """The rows of the tables that are about this file: those of its folder, and of the one above by relative path."""
    for folder in (path.parent, path.parent.parent):
        for table in (folder / name for name in TABLES):
            try:
                stat = table.stat()
            except OSError:
                continue
            rows, faults = _table(table, stat.st_mtime_ns, stat.st_size)
            matching = [row for row in rows if _is_about(str(row.values["file"]), path, folder)]
            if folder == path.parent:
                warnings += faults
            yield from sorted(matching, key=lambda row: _key(Path(str(row.values["file"])).name) != _key(path.name))[:1]


def _is_about(written: str, path: Path, folder: Path) -> bool:
    """Whether the file column means this file: by its name, its stem, or its path from the table's folder."""
    asked = _key(written.replace("\\", "/").removeprefix("./"))
    relative = path.relative_to(folder)
    keys = {_key(relative.as_posix()), _key(relative.with_suffix("").as_posix())}
    if folder != path.parent or "/" in asked:
        return asked in keys
    keys |= {_key(path.stem), _key(split_name(path)[0])}
    return asked in keys or (_has_suffix(written) and _key(split_name(Path(written))[0]) in keys)


def _has_suffix(name: str) -> bool:
    """Whether a name ends as recordings and captions do: talk.mp4 means talk.es.vtt too, and talk.2 does not."""
    return Path(name).suffix.lower() in {*RECORDINGS, *SUFFIXES}


def _key(name: str) -> str:
    """A file name as people mean it: the same letters however they are encoded, capitals or not."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


@lru_cache(maxsize=8)
def _table(path: Path, changed: int, size: int) -> tuple[tuple[_Source, ...], tuple[str, ...]]:
    """The rows of a table, with its own column names, and warnings; `changed` and `size` tell a kept one is fresh."""
    faults: list[str] = []
    rows: list[_Source] = []
    try:
        text = _text(path)
        for place, cells in _csv_lines(text, path, faults) if path.suffix == ".csv" else _yaml_entries(text):
            values = {known: value for name, value in cells.items() if (known := _column(name)) and value}
            if "file" in values:
                rows.append(_Source(f"{path}, {place}", values))
            elif values:
                faults.append(f"cannot use {path}, {place}: it names no file; put the file's name in the column file")
    except (InputError, csv.Error, yaml.YAMLError, RecursionError) as error:
        faults.append(f"cannot use {path}: {' '.join(str(error).split())}; correct it and add the talks again")
    return tuple(rows), tuple(faults)


def _csv_lines(text: str, path: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a CSV file, with commas, semicolons or tabs between its cells."""
    head = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(StringIO(text.replace("\0", ""), newline=""), delimiter=separator)
    columns: list[str] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = cells
            if "file" not in map(_column, columns):
                raise InputError("line 1: no column is called file (or fichero, archivo)")
            continue
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(columns):
            fault = f"{path}, line {reader.line_num}: more cells than columns, so some were taken together"
            faults.append(f"{fault}; put cells that hold {separator!r} in double quotes")
            cells = _refitted(cells, columns, separator)
        yield f"line {reader.line_num}", dict(zip(columns, cells, strict=False))


def _refitted(cells: list[str], columns: list[str], separator: str) -> list[str]:
    """A row in which separators stand unquoted: the cells taken together so that date and language come out right."""
    extra = len(cells) - len(columns)
    names = [_column(name) for name in columns]
    likely = ["speakers", "title", "description"] if separator == ";" else ["title", "description", "speakers"]
    order = sorted(range(len(names)), key=lambda n: likely.index(name) if (name := names[n] or "") in likely else 9)
    fits = [[*cells[:n], separator.join(cells[n : n + extra + 1]), *cells[n + extra + 1 :]] for n in order]

    def is_right(row: list[str]) -> bool:
        told = dict(zip(names, row, strict=True))
        return not (told.get("date") and not parse_date(told["date"])) and not (
            told.get("language") and not tag(told["language"])
        )

    return next(filter(is_right, fits), fits[0])


def _yaml_entries(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The entries of a YAML file: a list of talks, `talks:` with such a list, or file names with their talks."""
    root = yaml.compose(text, Loader=yaml.BaseLoader)  # keeps every value as it is written: 007, 2017-13-45
    content = yaml.load(text, Loader=yaml.BaseLoader)
    if isinstance(content, dict) and isinstance(content.get("talks"), list | dict) and root:
        root = next(value for key, value in root.value if key.value == "talks")
        content = content["talks"]
    if isinstance(content, dict) and root:
        entries = [{"file": name, **talk} for name, talk in content.items() if isinstance(talk, dict)]
        nodes = [key for key, value in root.value if isinstance(value, yaml.MappingNode)]
    elif isinstance(content, list) and root:
        entries = [talk if isinstance(talk, dict) else {"title": talk} for talk in content]
        nodes = root.value
    else:
        entries, nodes = [], []
    if not entries:
        raise InputError("line 1: it is no list of talks")
    for node, entry in zip(nodes, entries, strict=False):  # a name given twice is one entry
        yield f"line {node.start_mark.line + 1}", entry


def _column(name: object) -> str | None:
    """The field that a column of this name holds, in Spanish or English."""
    folded = re.sub(r"[^a-zº]", "", _folded(str(name)))
    return next((field for field, names in COLUMNS.items() if folded in names.split()), None)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.strip().lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _info(path: Path, warnings: list[str]) -> Iterator[_Source]:
    """What yt-dlp wrote beside the recording."""
    for stem in dict.fromkeys((path.stem, split_name(path)[0])):
        file = path.parent / f"{stem}.info.json"
        if not file.is_file():
            continue
        try:
            content = json.loads(_text(file))
        except (InputError, ValueError, RecursionError) as error:
            warnings.append(f"cannot use {file}: {error}; correct it or take it away, and add the talk again")
            continue
        if isinstance(content, dict):
            yield _Source(str(file), _from_info(content))
            return


def _from_info(info: Mapping[str, Any]) -> dict[str, Any]:
    moment = info.get("release_timestamp") or info.get("timestamp")
    try:
        stamped = datetime.fromtimestamp(moment, tz=UTC).date().isoformat() if moment else None
    except (TypeError, ValueError, OverflowError, OSError):
        stamped = None
    return {
        "title": _first(info, "title", "fulltitle"),
        "speakers": _first(info, "creators", "creator", "uploader", "channel"),
        "date": _first(info, "release_date", "upload_date") or stamped,
        "number": _first(info, "episode_number"),
        "language": _first(info, "language"),
        "description": _first(info, "description"),
        "url": _first(info, "webpage_url", "original_url"),
    }


def _from_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": tags.get("title"),
        "speakers": _first(tags, "artist", "author", "performer"),
        "date": _first(tags, "date", "com.apple.quicktime.creationdate", "year"),
        "description": _first(tags, "description", "synopsis", "comment"),
        "url": _first(tags, "purl", "url"),
    }


def _first(values: Mapping[str, Any], *names: str) -> Any:
    """The first of these that is there."""
    return next((values[name] for name in names if values.get(name)), None)


def _text(path: Path) -> str:
    """The text of a sidecar file. Raises InputError where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("too large")
        return decode(path.read_bytes())
    except OSError as error:
        raise InputError(str(error.strerror)) from error
