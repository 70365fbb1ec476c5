"""The labels that `ateneo look` names pictures by: CLDR's names of emoji, one file a language.

python recipes/pictures/labels.py --work FOLDER

FOLDER is that of make.py, which fetches Debian's unicode-cldr-core. A line is a thing: its name, then its other names,
separated by tabs. Left out: flags, signs, arrows, clocks and whatever needs several characters.
"""

import argparse
import unicodedata
from pathlib import Path

import names

OUT = Path(__file__).resolve().parents[2] / "src" / "ateneo" / "small" / "labels"
FIRST = 0x2600  # below are letters, mathematics, boxes
CLOCKS = range(0x1F550, 0x1F568)
FACE = {"es": "cara de ", "en": " face"}  # of an animal that has a label of its own: "caballo" is said, too


def things(work: Path) -> list[names.Concept]:
    """The emoji that are things, in the order of their characters."""
    return [concept for key, concept in sorted(names.emoji(work).items()) if _thing(key) and not concept.directed]


def _thing(key: str) -> bool:
    return len(key) == 1 and unicodedata.category(key) == "So" and ord(key) >= FIRST and ord(key) not in CLOCKS


def lines(concepts: list[names.Concept], language: str) -> list[str]:
    """A line for each thing."""
    known = {concept.names[language] for concept in concepts}
    found = []
    for concept in concepts:
        name = concept.names[language]
        bare = name.replace(FACE[language], "")
        said = [bare, name] if bare != name and bare in known else [name]
        found.append("\t".join([*said, *(k for k in concept.keywords[language] if k not in said)]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of make.py")
    concepts = things(parser.parse_args().work)
    OUT.mkdir(parents=True, exist_ok=True)
    for language in names.LANGUAGES:
        (OUT / f"{language}.tsv").write_text("\n".join(lines(concepts, language)) + "\n", encoding="utf-8")
    print(f"{len(concepts)} labels in {OUT}")


if __name__ == "__main__":
    main()
