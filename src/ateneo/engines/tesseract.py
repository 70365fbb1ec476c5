"""Slide text by Tesseract, where its program and the data of the talk's languages are installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ateneo.engines import OcrEngine
from ateneo.engines.rapid_ocr import LANGUAGES, RapidOcr
from ateneo.errors import EngineError

USUAL = ("spa", "eng")  # what is read where the languages of a talk are not known
NAMES = {
    "es": "spa", "en": "eng", "an": "spa", "ca": "cat", "gl": "glg", "eu": "eus", "fr": "fra", "pt": "por",
    "it": "ita", "de": "deu", "oc": "oci", "nl": "nld", "ru": "rus", "uk": "ukr", "el": "ell", "ar": "ara",
}  # fmt: skip
STRAY = re.compile(r"^(?:e|[+*»«©®°¢•·-]\.?) (?=\S)")
LONGEST = 60.0  # s; no slide takes so long


class Tesseract:
    """Reads pictures with the `tesseract` program, or the one given. Raises EngineError where there is none."""

    name = "tesseract"

    def __init__(self, program: str = "tesseract") -> None:
        found = shutil.which(program)
        if found is None:
            raise EngineError(
                "cannot use {program}: it is not installed; install tesseract-ocr and tesseract-ocr-spa",
                program=program,
            )
        self._program = found
        first, *_ = self._run("--version").splitlines() or [""]
        self.version = first.removeprefix("tesseract").strip() or "unknown"

    @cached_property
    def installed(self) -> frozenset[str]:
        """The names of its language data, as Tesseract calls them ("spa")."""
        return frozenset(line.strip() for line in self._run("--list-langs").splitlines()[1:])

    def knows(self, languages: Sequence[str]) -> bool:
        """Whether the data of all these languages (BCP 47; Spanish and English where empty) is installed."""
        return self.installed.issuperset(_wanted(languages))

    def read(self, picture: Path, *, languages: Sequence[str]) -> str:
        """The text of the picture. Raises EngineError where Tesseract fails, or has the data of no language wanted."""
        wanted = [name for name in _wanted(languages) if name in self.installed]
        if not wanted:
            needed = ", ".join(_wanted(languages))
            raise EngineError(
                "cannot read {picture}: no language data ({needed}); install tesseract-ocr-LANGUAGE",
                picture=picture,
                needed=needed,
            )
        text = self._run(str(picture.absolute()), "stdout", "-l", "+".join(wanted), "--psm", "3", "quiet")
        return "\n".join(_with_bullets([" ".join(line.split()) for line in text.splitlines() if line.strip()]))

    def _run(self, *arguments: str) -> str:
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # more threads make it slower
        try:
            done = subprocess.run(
                [self._program, *arguments], capture_output=True, check=True, timeout=LONGEST, env=environment
            )
        except (OSError, subprocess.SubprocessError) as error:
            lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else error
            raise EngineError(
                "cannot run {program}: {why}; check it with `tesseract --version`", program=self._program, why=why
            ) from error
        return done.stdout.decode("utf-8", errors="replace")


def _wanted(languages: Sequence[str]) -> tuple[str, ...]:
    """Tesseract's names of the languages, with English always: slides are full of it."""
    tags = [tag.split("-")[0].lower() for tag in languages]
    return tuple(dict.fromkeys([*(NAMES.get(tag, tag) for tag in tags), "eng"])) if tags else USUAL


def _with_bullets(lines: Sequence[str]) -> list[str]:
    """A bullet is read as a stray sign or an "e"; where two lines or more begin so, they are bullets."""
    strays = [bool(STRAY.match(line)) for line in lines]
    if sum(strays) < 2:
        return list(lines)
    return [STRAY.sub("• ", line) if stray else line for line, stray in zip(lines, strays, strict=True)]


def best_ocr(languages: Sequence[str] = (), *, program: str = "tesseract") -> OcrEngine:
    """RapidOCR, unless one of the languages (BCP 47) is foreign to it and Tesseract has the data of all of them.

    On slides with known Spanish text RapidOCR's recogniser is better: accents, umlauts, bullets and small letters.
    """
    if not {tag.split("-")[0].lower() for tag in languages} <= LANGUAGES:
        with suppress(EngineError):
            engine = Tesseract(program)
            if engine.knows(languages):
                return engine
    return RapidOcr()
