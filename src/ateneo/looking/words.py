"""The words that a riddle may mean: Debian's or hunspell's list of the language where it is installed, else the words
that Ateneo knows by itself (those of the labels, those that talks use, and the whole words of the sentence encoder)."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ateneo import text
from ateneo.common_words import ENGLISH_COMMON, SPANISH_COMMON
from ateneo.engines import sentence_vectors
from ateneo.errors import InputError
from ateneo.looking import labels

INSTALLED = {  # by language, the first that is there
    "es": ("/usr/share/dict/spanish", "/usr/share/hunspell/es_ES.dic", "/usr/share/myspell/dicts/es_ES.dic"),
    "en": ("/usr/share/dict/american-english", "/usr/share/dict/british-english", "/usr/share/dict/words",
           "/usr/share/hunspell/en_US.dic", "/usr/share/hunspell/en_GB.dic"),
}  # fmt: skip
SHORTEST = 3  # letters; shorter words are abbreviations


@dataclass(frozen=True)
class WordList:
    """Folded words by their number of letters, each with how it is written; `source` says where they are from."""

    by_length: dict[int, dict[str, str]]
    source: str


def word_list(language: str, *, path: Path | None = None) -> WordList:
    """The words of a language, or those of a file (a word a line; hunspell's marks after a slash are left out). Raises
    InputError where the file cannot be read or holds no words."""
    if path is not None:
        found = _by_length(_lines(path))
        if not found:
            raise InputError(f"cannot use the words {path}: there are none in it; write one word a line")
        return WordList(found, str(path))
    return _installed(language.split("-")[0].lower())


@cache
def _installed(language: str) -> WordList:
    for name in INSTALLED.get(language, ()):
        if Path(name).is_file():
            return WordList(_by_length(_lines(Path(name))), name)
    return WordList(_by_length(sorted(known())), "the words that Ateneo knows")


@cache
def known() -> frozenset[str]:
    """Words that are in use, folded: of both languages."""
    found = set(SPANISH_COMMON | ENGLISH_COMMON)
    for language in labels.LANGUAGES:
        found |= {word for names in labels.shipped(language).things for name in names for word in text.tokens(name)}
    vocabulary = sentence_vectors.SHIPPED / sentence_vectors.TOKENIZER
    if vocabulary.is_file():
        pieces = json.loads(vocabulary.read_text(encoding="utf-8"))["model"]["vocab"]
        found |= {text.fold(piece) for piece in pieces if piece.isalpha()}
    return frozenset(word for word in found if word.isalpha() and len(word) >= SHORTEST)


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the words {path}: {error.strerror}; give a file with one word a line") from error
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return content.decode("latin-1").splitlines()


def _by_length(lines: list[str]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for line in lines:
        word = line.partition("/")[0].partition("\t")[0].strip()
        folded = text.fold(word)
        if len(folded) >= SHORTEST and folded.isalpha():
            found.setdefault(len(folded), {}).setdefault(folded, word)
    return found
