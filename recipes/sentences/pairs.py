"""Aligned English and Spanish text: (source, English, Spanish), from the opened packages and the talks' captions.

Documents are aligned where both languages have the same blocks (paragraphs, items, headings): by the id of the block
where the format has one, else by order in files or sections with equally many blocks. What is not translated, is
hardly words, or differs much in length is left out, and so is everything seen before.
"""

import gzip
import html
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import apertium
import wordnet

WORDNET = 110_000  # sentences of it that are put into Spanish
_SPANISH = frozenset(
    "de la el en los las que un una por con para del se es al no como su sus más o y esta este son lo está".split()
)
_ENGLISH = frozenset("the of to and in is a for that be are on this with you it as or by if from can an not".split())
_BLOCK = re.compile(
    r"<(?P<tag>p|li|h[1-6]|dt|dd|td|th|title|para|term)\b(?P<attributes>[^>]*)>(?P<text>.*?)"
    r"(?=</(?P=tag)>|<(?:p|li|h[1-6]|dt|dd|td|th|ul|ol|dl|table|div|para|title|term)\b)",
    re.DOTALL | re.IGNORECASE,
)


class Pair(NamedTuple):
    """One text in both languages, and where it is from."""

    source: str
    english: str
    spanish: str


def pairs(root: Path, *, talks: Path | None, cache: Path) -> Iterator[Pair]:
    """All of them, cleaned, none twice. `talks` is the folder of talks_nwit; only 2022-04 is read from it."""
    share = root / "usr" / "share"
    sources = [captions(talks)] if talks else []
    sources += [catalogues(share), documents(share), manuals(share / "man"), lexica(share)]
    sources += [translated_definitions(root, cache), translated_sayings(root, cache)]
    seen: set[tuple[str, str]] = set()
    for source in sources:
        for pair in source:
            cleaned = Pair(pair.source, clean(pair.english), clean(pair.spanish))
            key = (cleaned.english.lower(), cleaned.spanish.lower())
            if key not in seen and worth(cleaned):
                seen.add(key)
                yield cleaned


def clean(text: str) -> str:
    """Words as a person would read them: no markup, place-holders, accelerator keys or line breaks."""
    text = html.unescape(re.sub(r"<[^>]{1,200}>", " ", text))
    text = re.sub(
        r"%(?:\d+\$)?[-+ #0]?\d*(?:\.\d+)?[a-zA-Z]|%\d|\$\{?\w+\}?|\{\w*\}|\\f[BIRP]|\\\w\(?|\*\w+\*", " ", text
    )
    text = re.sub(r"(?<![\w\s])_(?=\w)|\b_(?=[A-Za-zÁÉÍÓÚáéíóúñ])|(?<=\w)_(?=[a-záéíóúñ])|&(?=\w)|~(?=\w)", "", text)
    return re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())).strip("*-•# ")


def worth(pair: Pair) -> bool:
    """Whether both sides are words, in the language they should be in, and about as long as one another."""
    english, spanish = pair.english, pair.spanish
    if not (2 < len(english) < 1200 and 2 < len(spanish) < 1400) or english.lower() == spanish.lower():
        return False
    letters = min(sum(c.isalpha() or c == " " for c in s) / len(s) for s in (english, spanish))
    ratio = (len(spanish) + 8) / (len(english) + 8)
    words = spanish.lower().split()
    wrong = sum(w in _ENGLISH for w in words) > sum(w in _SPANISH for w in words)
    return letters > 0.8 and 0.55 < ratio < 2.2 and not (len(words) > 3 and wrong)


def captions(talks: Path) -> Iterator[Pair]:
    """Captions with the same times, single and joined to some twelve seconds, of 2022-04 alone."""
    for folder in sorted((talks / "2022-04").iterdir()):
        tracks = [_cues(next(folder.glob(f"*{language}.sbv"), None)) for language in ("en", "es")]
        times = [t for t in tracks[0] if t in tracks[1]]
        for size in (1, 3, 8):
            for first in range(0, len(times), size):
                english, spanish = (" ".join(track[t] for t in times[first : first + size]) for track in tracks)
                yield Pair("captions", english, spanish)


def _cues(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    blocks = [b.split("\n", 1) for b in path.read_text(encoding="utf-8").replace("\r", "").split("\n\n") if "\n" in b]
    return {head.strip(): text for head, text in blocks}


def catalogues(share: Path) -> Iterator[Pair]:
    """Program messages: compiled gettext catalogues, whose keys are English."""
    found = {p for p in share.rglob("*.mo") if p.parent.parent.name in ("es", "es_ES") and p.is_file()}
    for path in sorted(found):
        source = "stories" if "wesnoth" in path.parts else "messages"
        for key, value in read_catalogue(path.read_bytes()):
            texts = zip(key.rsplit("\x04", 1)[-1].split("\0")[:1], value.split("\0")[:1], strict=True)
            yield from (Pair(source, english, spanish) for english, spanish in texts)


def read_catalogue(data: bytes) -> Iterator[tuple[str, str]]:
    """Keys and translations of a .mo file in either byte order (GNU gettext manual, "The Format of GNU MO Files")."""
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, keys, values = struct.unpack(order + "3I", data[8:20])
    for n in range(count):
        (k, at_k), (v, at_v) = (struct.unpack_from(order + "2I", data, table + 8 * n) for table in (keys, values))
        yield data[at_k : at_k + k].decode("utf-8", "replace"), data[at_v : at_v + v].decode("utf-8", "replace")


def documents(share: Path) -> Iterator[Pair]:
    """Handbooks, help and guides that are there in both languages."""
    for english, spanish in _document_files(share):
        a, b = (_blocks(path.read_text(encoding="utf-8", errors="replace")) for path in (english, spanish))
        if set(a) & set(b) - {""} and any(not key.isdigit() for key in a):
            yield from (Pair("documents", a[key], b[key]) for key in a if key in b)
        elif len(a) == len(b):
            yield from (Pair("documents", x, y) for x, y in zip(a.values(), b.values(), strict=True))


def _document_files(share: Path) -> Iterator[tuple[Path, Path]]:
    swaps = [("/en-US/", "/es/"), ("/en-US/", "/es-ES/"), ("/en/", "/es/"), ("/C/", "/es/"), (".en.", ".es.")]
    for path in sorted(p for kind in ("html", "page", "docbook", "xml") for p in share.rglob(f"*.{kind}")):
        for one, other in [*swaps, ("-en/", "-es/"), (".html", "_es.html"), (".html", ".es.html")]:
            twin = Path(str(path).replace(one, other))
            if one in str(path) and twin != path and twin.is_file():
                yield path, twin
                break


def _blocks(text: str) -> dict[str, str]:
    """Key → block; the key is the block's id where it has one of its own, else its number."""
    found: dict[str, str] = {}
    for n, match in enumerate(_BLOCK.finditer(text)):
        name = re.search(r'\bid="((?:par|hd|tit)_\w+)"', match["attributes"])
        block = re.sub(r"<[^>]+>", " ", match["text"])
        found[name[1] if name else str(n)] = block
    return found


def manuals(folder: Path) -> Iterator[Pair]:
    """Manual pages, section by section where both languages have as many paragraphs in it."""
    for spanish in sorted((folder / "es").rglob("*.gz")):
        english = folder / spanish.parent.name / spanish.name
        if english.is_file():
            a, b = (_sections(gzip.decompress(p.read_bytes()).decode("utf-8", "replace")) for p in (english, spanish))
            for one, other in zip(a, b, strict=False) if len(a) == len(b) else []:
                if len(one) == len(other):
                    yield from (Pair("manuals", x, y) for x, y in zip(one, other, strict=True))


def _sections(page: str) -> list[list[str]]:
    page = re.sub(r'^[.\']\\".*$', "", page, flags=re.MULTILINE)
    return [_paragraphs(section) for section in re.split(r"^\.SH\b", page, flags=re.MULTILINE)[1:]]


def _paragraphs(section: str) -> list[str]:
    parts = re.split(r"^\.(?:PP|P|LP|TP|IP|SS|HP|Pp|It|nf|fi|EX|EE)\b.*$", section, flags=re.MULTILINE)
    parts = [p.replace(r"\-", "-") for p in parts]
    texts = [re.sub(r"^\.(?:[BIR]{1,2}|SM|SB|Nm|Fl|Ar|Xr)\s+", "", p, flags=re.MULTILINE) for p in parts[1:]]
    return [re.sub(r"^\..*$|\\[-&e]|\\f.|\\\(..|\"", "", t, flags=re.MULTILINE) for t in texts]


def lexica(share: Path) -> Iterator[Pair]:
    """Single words and names: FreeDict in both directions, and what CLDR calls pictures, languages and places."""
    for direction in ("eng-spa", "spa-eng"):
        text = gzip.decompress((share / "dictd" / f"freedict-{direction}.dict.dz").read_bytes()).decode("utf-8")
        for word, meanings in re.findall(
            r"^(\S[^/\n]*?) /[^/\n]*/[^\n]*\n((?:[^\n/]+\n)+?)(?=\S[^\n]*/|\Z)", text, re.M
        ):
            for meaning in re.split(r"[,;\n]", re.sub(r"\d\. |<[^>]*>|\([^)]*\)|\[[^\]]*\]", "", meanings)):
                one, other = word.split(" <")[0], meaning.strip()
                yield Pair("words", one, other) if direction == "eng-spa" else Pair("words", other, one)
    for part in ("annotations", "annotationsDerived", "main"):
        english, spanish = (_names(share, part, language) for language in ("en", "es"))
        yield from (Pair("words", english[key], spanish[key]) for key in english if key in spanish)


def _names(share: Path, part: str, language: str) -> dict[str, str]:
    tree = ElementTree.parse(share / "unicode" / "cldr" / "common" / part / f"{language}.xml")
    if part == "main":
        wanted = [e for tag in ("language", "territory") for e in tree.iter(tag) if e.get("type") and e.text]
        return {f"{e.tag} {e.get('type')}": e.text or "" for e in wanted if not e.get("alt")}
    return {e.get("cp", ""): e.text or "" for e in tree.iter("annotation") if e.get("type") == "tts"}


def translated_definitions(root: Path, cache: Path) -> Iterator[Pair]:
    """WordNet's sentences, put into Spanish."""
    english = wordnet.sentences(root / "usr" / "share" / "wordnet")[:WORDNET]
    spanish = apertium.translate_all(root, "eng-spa", sentences=english, cache=cache / "wordnet")
    for one, other in zip(english, spanish, strict=True):
        if understood := apertium.understood(other):
            asked = f"¿{understood.strip()}" if one.endswith("?") else understood
            yield Pair("definitions", one, asked)


def translated_sayings(root: Path, cache: Path) -> Iterator[Pair]:
    """Spanish proverbs and quotations (fortunes-es), put into English."""
    folder = root / "usr" / "share" / "games" / "fortunes" / "es"
    files = [p for p in sorted(folder.glob("*.fortunes")) if p.is_file()]
    texts = [s for p in files for s in re.split(r"\n%\n", p.read_text(encoding="utf-8", errors="replace"))]
    spanish = list(_sentences(t.split("\n\t")[0].split("\n  --")[0] for t in texts))
    english = apertium.translate_all(root, "spa-eng", sentences=spanish, cache=cache / "sayings")
    for one, other in zip(english, spanish, strict=True):
        if understood := apertium.understood(one):
            yield Pair("sayings", understood, other)


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        text = unicodedata.normalize("NFC", " ".join(text.split()))
        yield from (s for s in re.split(r"(?<=[.?!])\s+(?=[A-ZÁÉÍÓÚÑ¿¡])", text) if 3 < len(s.split()) < 60)
