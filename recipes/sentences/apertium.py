"""Sentences put into the other language by Apertium, by rules and without a network, from the opened packages.

Sentences go in blocks, one a line; a block whose lines do not come back one for one is translated line by line. What
is translated is kept on disk, so that a killed run goes on where it stood.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

BLOCK = 2000  # sentences


class Apertium:
    """One direction of the pair English and Spanish: "eng-spa" or "spa-eng"."""

    def __init__(self, root: Path, direction: str) -> None:
        share = root / "usr" / "share" / "apertium"
        script = (share / "modes" / f"{direction}.mode").read_text(encoding="utf-8").strip()
        self._pipe = script.replace("/usr/share/apertium", str(share)).replace("$1", "-g").replace("$2", "")
        libraries = ":".join(str(p) for p in sorted((root / "usr" / "lib").glob("*")))
        path = f"{root / 'usr' / 'bin'}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": path, "LD_LIBRARY_PATH": libraries, "LC_ALL": "C.UTF-8"}

    def translate(self, sentences: Sequence[str]) -> list[str]:
        """The sentences in the other language, one for one; words it does not know are marked *."""
        lines = [" ".join(s.split()) for s in sentences]
        back = self._run("\n".join(lines) + "\n").splitlines()
        if len(back) == len(lines):
            return back
        if len(lines) == 1:
            return ["*"]
        half = len(lines) // 2
        return self.translate(lines[:half]) + self.translate(lines[half:])

    def _run(self, text: str) -> str:
        pipe = f"apertium-destxt -n | {self._pipe} | apertium-retxt"
        result = subprocess.run(["bash", "-c", pipe], input=text, env=self._environment, capture_output=True, text=True)
        return result.stdout


def understood(translated: str) -> str | None:
    """The translation without marks; None where Apertium did not know more than a word in eight, names aside."""
    words = translated.split()
    unknown = sum(w.lstrip("(\"'¿¡").startswith("*") and w.lstrip("(\"'¿¡*")[:1].islower() for w in words)
    return translated.replace("*", "") if words and unknown * 8 <= len(words) else None


def translate_all(root: Path, direction: str, *, sentences: Sequence[str], cache: Path) -> list[str]:
    """All sentences translated; finished blocks are read from `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    apertium, translated = Apertium(root, direction), []
    for first in range(0, len(sentences), BLOCK):
        block = list(sentences[first : first + BLOCK])
        path = cache / f"{first:08}.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"from": None}
        if kept["from"] != block:
            kept = {"from": block, "to": apertium.translate(block)}
            draft = path.with_suffix(".tmp")
            draft.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
            draft.replace(path)
        translated += kept["to"]
    return translated
