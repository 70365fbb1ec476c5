"""How many riddles of drawings `look` solves: CHALECO, and words at random in Spanish and English.

    python benchmarks/riddle.py --work FOLDER [--model FOLDER] [--words 10] [--sheet FILE.png]
    python benchmarks/riddle.py --work FOLDER [--model FOLDER] --fit

FOLDER is that of recipes/pictures/make.py (`--prepare` fills it): its drawings are what the riddles are made of.
OpenMoji and fxemoji were never learned from; noto and twemoji were. Debian's word lists are fetched into it with
apt-get. The floor, in the same run: the first letters of the likeliest names, joined, without a word list. `--model` is
a folder of the image tower, or NAME:MODEL of a picture engine; else the tower that ships. `--fit` shows, on fxemoji,
what `look.WARY` to choose: riddles solved, and the mean logarithm of the right word's place.
"""

import argparse
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "recipes" / "pictures"))

import drawings  # noqa: E402
import labels as recipe  # noqa: E402

from ateneo import engines, text  # noqa: E402
from ateneo.engines import PictureEngine  # noqa: E402
from ateneo.looking import look  # noqa: E402
from ateneo.looking.drawings import cut, separate  # noqa: E402
from ateneo.looking.labels import shipped, vectors  # noqa: E402
from ateneo.looking.look import probabilities, views  # noqa: E402
from ateneo.looking.riddle import letters, solve, usual  # noqa: E402
from ateneo.looking.words import known, word_list  # noqa: E402
from ateneo.records import Looked  # noqa: E402

STYLES = {"openmoji": "never seen", "fxemoji": "never learned from, choices were made on it", "noto": "learned from",
          "twemoji": "learned from"}  # fmt: skip
LISTS = {"es": ("wspanish", "usr/share/dict/spanish"), "en": ("wamerican", "usr/share/dict/american-english")}
VEST = ("🐎", "🍃", "✈", "🌙", "🐘", "🏠", "👂")  # caballo, hoja, avión, luna, elefante, casa, oreja
SIDE = 128  # px of a drawing
LENGTHS = range(5, 9)  # letters of a word


def dictionary(work: Path, language: str) -> Path:
    """Debian's list of words, opened below the folder. Ends the program where it cannot be had."""
    package, inside = LISTS[language]
    path = work / "root" / inside
    if not path.exists():
        got = subprocess.run(["apt-get", "download", "-q", package], cwd=work / "debs", capture_output=True, text=True)
        if got.returncode:
            sys.exit(f"cannot fetch {package}: {got.stderr.strip()}; run `apt-get update` first")
        deb = next((work / "debs").glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(deb), str(work / "root")], check=True)
    return path


class Style:
    """The drawings of a style by the letter that their name begins with."""

    def __init__(self, work: Path, name: str) -> None:
        held = drawings.load(work, [name])
        self.at = {key: held.at(n)[0] for n, key in reversed(list(enumerate(held.concepts[0])))}
        keys = [concept.key for concept in recipe.things(work)]
        self.by_letter: dict[str, dict[str, list[str]]] = {}
        for language in LISTS:
            letters = self.by_letter.setdefault(language, defaultdict(list))
            for key, names in zip(keys, shipped(language).things, strict=True):
                if key in self.at:
                    letters[text.fold(names[0])[0]].append(key)

    def page(self, keys: list[str], dice: random.Random) -> Image.Image:
        """The drawings in rows on a plain ground."""
        columns = dice.choice([len(keys), 3, 4])
        rows = -(-len(keys) // columns)
        step = SIDE + 40
        ground = dice.choice([(255, 255, 255), (250, 246, 232), (232, 240, 250)])
        page = Image.new("RGB", (columns * step + 40, rows * step + 40), ground)
        for n, key in enumerate(keys):
            drawn = Image.fromarray(np.asarray(self.at[key])).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            page.paste(drawn, (40 + n % columns * step, 40 + n // columns * step), drawn)
        return page


def words_for(style: Style, language: str, path: Path, count: int, dice: random.Random) -> list[str]:
    """Words in use that the list has and the style can spell."""
    listed, common = word_list(language, path=path), known()
    able = [
        word
        for length in LENGTHS
        for word, written in listed.by_length.get(length, {}).items()
        if word in common and written.islower() and all(style.by_letter[language][letter] for letter in word)
    ]
    return dice.sample(sorted(able), count)


def joined(found: Looked) -> str:
    """The floor: the first letters of the likeliest names."""
    return "".join(text.fold(drawing.names[0].name)[0] for drawing in found.drawings)


def alone(page: Image.Image) -> Image.Image:
    """The one drawing of a page; all of it where the drawing is as pale as its ground."""
    boxes = separate(page)
    return cut(page, boxes[0]) if boxes else page


def fit(work: Path, engine: PictureEngine) -> None:
    """Prints, for each sharpness, how riddles of fxemoji end."""
    style, tried = Style(work, "fxemoji"), (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
    for language in LISTS:
        labels, path, dice = shipped(language), dictionary(work, language), random.Random(7)
        listed, before = word_list(language, path=path), usual(labels)
        targets = vectors(labels, engine)
        places: dict[float, list[int]] = {sharpness: [] for sharpness in tried}
        for word in words_for(style, language, path, 60, dice):
            pages = [style.page([dice.choice(style.by_letter[language][letter])], dice) for letter in word]
            cosines = views([alone(page) for page in pages], engine, labels) @ targets.T
            for sharpness in tried:
                rows = probabilities(cosines, sharpness=sharpness)
                guesses = solve([letters(row.tolist(), labels) for row in rows], listed, before=before, most=10_000)
                found = [text.fold(guess.word) for guess in guesses]
                places[sharpness].append(found.index(word) if word in found else len(found))
        for sharpness, row in places.items():
            solved, mean = np.mean(np.array(row) == 0), np.log10(1 + np.array(row)).mean()
            print(f"{language} sharpness {sharpness:<4} solved {solved:.2f}  place {mean:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder of recipes/pictures/make.py")
    parser.add_argument("--model", default="")
    parser.add_argument("--words", type=int, default=10, help="at random, of each language")
    parser.add_argument("--fit", action="store_true", help="show what sharpness to choose")
    parser.add_argument("--sheet", type=Path, help="write the pages of one style below one another")
    arguments = parser.parse_args()
    name = f"tower:{arguments.model}" if Path(arguments.model).is_dir() and arguments.model else arguments.model
    engine = engines.load("pictures", name or "tower")
    if arguments.fit:
        fit(arguments.work, engine)
        return
    pages = []
    print(f"{'style':<10} {'language':<8} {'riddles':>7} {'solved':>7} {'letters joined':>14} {'drawings parted':>15}")
    for style_name, what in STYLES.items():
        style = Style(arguments.work, style_name)
        for language in LISTS:
            dice = random.Random(f"{style_name} {language}")
            path = dictionary(arguments.work, language)
            riddles = [(w, [dice.choice(style.by_letter[language][c]) for c in w])
                       for w in words_for(style, language, path, arguments.words, dice)]  # fmt: skip
            if language == "es" and all(key in style.at for key in VEST):
                riddles.insert(0, ("chaleco", list(VEST)))
            solved, floor, parted = [], [], []
            for word, keys in riddles:
                page = style.page(keys, dice)
                pages.append(page)
                found = look(page, pictures=engine, words=path, language=language, riddle=True)
                solved.append(bool(found.words) and text.fold(found.words[0].name) == word)
                floor.append(joined(found) == word)
                parted.append(len(found.drawings) == len(word))
                print(f"  {'yes' if solved[-1] else 'no ':<4}{word:<10}{found.answer}", file=sys.stderr)
            means = [float(np.mean(row)) for row in (solved, floor, parted)]
            shares = " ".join(f"{mean:>{width}.2f}" for mean, width in zip(means, (7, 14, 15), strict=True))
            print(f"{style_name:<10} {language:<8} {len(riddles):>7} {shares}  {what}")
    if arguments.sheet:
        some = pages[:6]
        sheet = Image.new("RGB", (max(p.width for p in some), sum(p.height for p in some)), "white")
        for n, page in enumerate(some):
            sheet.paste(page, (0, sum(p.height for p in some[:n])))
        sheet.save(arguments.sheet)


if __name__ == "__main__":
    main()
