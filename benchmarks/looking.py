"""Pictures of other hands through `look`, with whatever models an archive has: rebus puzzles, and questions about
charts.

    python benchmarks/looking.py [--archive FOLDER] [--rebus 40] [--charts 280] [--show]

The archive's settings say which picture and vision models are at hand; without one, those that ship. A rebus (REBUS,
40 of 333) is solved where the answer has the solution, letters alone compared. Of a chart (OpenCQA) it is counted
which numbers of the written answer, as far as they stand on the chart by the data set's own boxes, are in what `look`
says: that is reading, not understanding; words in common with the written answer say a little about that.
ATENEO_SHARED has both sets.
"""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

import numpy as np

from ateneo import Archive, text
from ateneo.common_words import ENGLISH_FUNCTION
from ateneo.errors import AteneoError

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def letters(words: str) -> str:
    """Only the letters, folded."""
    return re.sub(r"[^a-zñ]", "", text.fold(words))


def rebus(archive: Archive, count: int, *, show: bool) -> None:
    """How many puzzles are solved."""
    folder = SHARED / "data" / "vqa_rebus"
    rows = json.loads((folder / "rebus.json").read_text(encoding="utf-8"))[:count]
    solved, parted, refused = 0, 0, 0
    for row in rows:
        question = f"This is a rebus. Which word or phrase is it? Theme: {row['Theme']}."
        try:
            found = archive.look(folder / "images" / row["Filename"], question, language="en")
        except AteneoError as error:
            refused += 1
            said = str(error)
        else:
            parted += bool(found.drawings)
            said = found.answer
        wanted = [letters(one) for one in (row["Solution"], row["Also accept"]) if one]
        solved += any(one in letters(said) for one in wanted)
        if show:
            print(f"  {row['Solution']:<20} {said[:110]!r}", file=sys.stderr)
    print(
        f"rebus: {len(rows)} puzzles, {solved} solved ({solved / len(rows):.1%}); parted into drawings {parted}, "
        f"refused {refused}"
    )


def numbers(written: str) -> set[str]:
    """The numbers of a text, those below 10 left out: they are in any text."""
    return {
        one.rstrip(".,")
        for one in re.findall(r"\d+(?:[.,]\d+)*", written.replace(" ,", ","))
        if len(one.rstrip(".,")) > 1
    }


def charts(archive: Archive, count: int, *, show: bool) -> None:
    """How many of the numbers of the written answers are read, and words in common."""
    folder = SHARED / "data" / "img_charts_opencqa"
    rows = json.loads((folder / "charts.json").read_text(encoding="utf-8"))[:count]
    read, whole, common = [], 0, []
    for row in rows:
        found = archive.look(folder / "images" / row["image"], row["question"], language="en")
        boxes = json.loads((folder / "ocr" / row["image"].replace(".png", ".json")).read_text(encoding="utf-8"))
        on_chart = numbers(" ".join(box["sentence"] for box in boxes))
        wanted = numbers(row["abstractive_answer"]) & on_chart
        said = f"{found.answer} {found.text_in_image}"
        if wanted:
            read.append(len(wanted & numbers(said)) / len(wanted))
            whole += wanted <= numbers(said)
        content = {one for one in text.tokens(row["abstractive_answer"]) if one not in ENGLISH_FUNCTION}
        common.append(len(content & set(text.tokens(found.answer))) / max(1, len(content)))
        if show:
            print(f"  {row['question']!r}\n    {found.answer[:160]!r}", file=sys.stderr)
    print(
        f"charts: {len(rows)} questions; of the numbers of the written answer that stand on the chart, "
        f"{np.mean(read):.1%} are read "
        f"({whole} of {len(read)} charts whole); words in common with the answer {np.mean(common):.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, default=Path("none"), help="whose models are used")
    parser.add_argument("--rebus", type=int, default=40)
    parser.add_argument("--charts", type=int, default=280)
    parser.add_argument("--show", action="store_true", help="print each answer")
    arguments = parser.parse_args()
    archive, start = Archive(arguments.archive, make=True), time.process_time()
    model = archive.vision_engine.name if archive.vision_engine else "none"
    print(f"vision model: {model}; picture model: {archive.picture_engine.name if archive.picture_engine else 'none'}")
    if arguments.rebus:
        rebus(archive, arguments.rebus, show=arguments.show)
    if arguments.charts:
        charts(archive, arguments.charts, show=arguments.show)
    print(f"processor time {time.process_time() - start:.0f} s")


if __name__ == "__main__":
    main()
