"""The picture of the README: slides that `ateneo add` found in the sample archive, on one sheet.

python recipes/sample/sheet.py ARCHIVE docs/sample.jpg
"""

import sys
from pathlib import Path

from PIL import Image

COLUMNS, ROWS = 4, 3
SLIDE = (320, 180)  # px
GAP = 6  # px between slides


def sheet(archive: Path) -> Image.Image:
    """COLUMNS x ROWS slides, taken evenly from all that the archive holds, in order of talks and time."""
    slides = sorted(archive.glob("talks/*/frames/*.jpg"))
    wanted = COLUMNS * ROWS
    if len(slides) < wanted:
        sys.exit(f"{archive} holds {len(slides)} slides, {wanted} are needed; make it with: make demo")
    picture = Image.new("RGB", (COLUMNS * (SLIDE[0] + GAP) - GAP, ROWS * (SLIDE[1] + GAP) - GAP), "white")
    for n in range(wanted):
        with Image.open(slides[(2 * n + 1) * len(slides) // (2 * wanted)]) as slide:
            small = slide.convert("RGB").resize(SLIDE, Image.Resampling.LANCZOS)
        picture.paste(small, (n % COLUMNS * (SLIDE[0] + GAP), n // COLUMNS * (SLIDE[1] + GAP)))
    return picture


if __name__ == "__main__":
    sheet(Path(sys.argv[1])).save(sys.argv[2], quality=82, optimize=True)
