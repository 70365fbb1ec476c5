"""What things are called, in Spanish and English: CLDR's names and keywords.

A concept is a thing with a name: an emoji, told by its code points, without skin tones. Drawings of one emoji in many
styles are pictures of one concept.
"""

import json
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

LANGUAGES = ("es", "en")
TONES = {chr(c) for c in range(0x1F3FB, 0x1F400)}
COMMON = 4  # concepts that share a keyword at most, for the keyword to name one
DIRECTED = re.compile(
    r"arrow|left|right|clock|flag|letter|number|button|keycap|symbol|sign|mark|flecha|bandera|\d|mirror|forward|back"
)
LOOKS = re.compile(r"(-(bold|linear|outline|fill|filled|solid|duotone|light|thin|regular|line|rounded|color|\d+))+$")
DRAWN = 3  # icons of one thing that are taken of a collection: where there are more, they differ in little


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing: its key, its names and its keywords by language; `directed` where a mirrored picture shows another."""

    key: str
    names: dict[str, str]
    keywords: dict[str, tuple[str, ...]]
    directed: bool = False


def emoji(work: Path) -> dict[str, Concept]:
    """Every emoji and symbol that CLDR names in both languages, by its characters (without U+FE0F)."""
    read = {language: _annotations(work, language) for language in LANGUAGES}
    counts: dict[str, dict[str, int]] = {language: defaultdict(int) for language in LANGUAGES}
    for language in LANGUAGES:
        for _, keywords in read[language].values():
            for keyword in keywords:
                counts[language][keyword] += 1
    found = {}
    for key in sorted(read["en"].keys() & read["es"].keys()):
        names = {language: read[language][key][0] for language in LANGUAGES}
        if set(key) & TONES or not all(names.values()):
            continue
        rare = {n: tuple(k for k in read[n][key][1] if counts[n][k] <= COMMON and k != names[n])[:4] for n in LANGUAGES}
        found[key] = Concept(key, names, rare, bool(DIRECTED.search(names["en"] + names["es"])))
    return found


def _annotations(work: Path, language: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Characters → (name, keywords)."""
    names: dict[str, str] = {}
    keywords: dict[str, tuple[str, ...]] = {}
    for folder in ("annotations", "annotationsDerived"):
        path = work / "root" / "usr" / "share" / "unicode" / "cldr" / "common" / folder / f"{language}.xml"
        for entry in ElementTree.parse(path).iter("annotation"):
            key, text = entry.get("cp", "").replace("\ufe0f", ""), (entry.text or "").strip()
            if entry.get("type") == "tts":
                names[key] = text
            else:
                keywords[key] = tuple(word.strip() for word in text.split("|"))
    return {key: (name, keywords.get(key, ())) for key, name in names.items()}


def slug(name: str) -> str:
    """A name as collections write it: letters and figures joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "").replace("’", "")).strip("-")


def icon_concepts(icons: Path, known: dict[str, Concept]) -> dict[str, str]:
    """Icon → the characters it draws, for the icons of a collection that CLDR names, at most DRAWN of each."""
    names = json.loads(icons.read_text(encoding="utf-8"))["icons"]
    table = icons.with_name("chars.json")
    given = _characters(table) if table.exists() else {}
    spoken = _spoken(tuple(known), tuple(concept.names["en"] for concept in known.values()))
    found: dict[str, str] = {}
    times: dict[str, int] = defaultdict(int)
    for icon in names:
        told = (given.get(icon), *(spoken.get(form) for form in (icon, icon.replace("-", ""), LOOKS.sub("", icon))))
        key = next((key for key in told if key in known), None)
        if key and times[key] < DRAWN:
            found[icon] = key
            times[key] += 1
    return found


def _characters(table: Path) -> dict[str, str]:
    rows = json.loads(table.read_text(encoding="utf-8")).items()
    return {icon: "".join(chr(int(c, 16)) for c in codes.split("-") if c.lower() != "fe0f") for codes, icon in rows}


@cache
def _spoken(keys: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str]:
    spoken: dict[str, str] = {}
    for key, name in zip(keys, names, strict=True):
        plain = slug(name)
        for form in (plain, plain.replace("-", ""), plain.removesuffix("-face"), plain.removeprefix("flag-")):
            spoken.setdefault(form, key)
        if plain.startswith("flag-"):
            spoken.setdefault(plain.replace("flag-", "flag-for-", 1), key)
    return spoken
