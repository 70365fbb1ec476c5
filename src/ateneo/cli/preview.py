"""How a drawing comes along, on stderr: a bar and the picture so far on a terminal, nothing elsewhere.

The picture is made of half blocks, two pixels to a character, so that every terminal with colours shows it.
"""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

if TYPE_CHECKING:
    from ateneo.models.drawing import Moment

SIDE = 32  # pixels of the picture so far


class Preview:
    """A function of moments, to be used as a context."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.bar = RichProgress(
            TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn(), TimeRemainingColumn()
        )
        self.task = self.bar.add_task("drawing", total=None)
        self.live = Live(self.bar, console=self.console, transient=True, refresh_per_second=8)

    def __enter__(self) -> "Preview":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.live.stop()

    def __call__(self, moment: "Moment") -> None:
        """Shows a moment."""
        what = "draft" if moment.draft else "drawing"
        self.bar.update(self.task, description=what, total=moment.total, completed=moment.index + 1)
        if self.console.is_terminal:
            self.live.update(Group(blocks(moment.x0[0]), self.bar))


def blocks(picture: object) -> Text:
    """A picture (H, W, 3) from -1 to 1 as lines of half blocks."""
    import numpy as np
    from PIL import Image

    values = np.asarray(picture, np.float32)
    pixels = ((values.clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
    text = Text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", f"rgb({above[0]},{above[1]},{above[2]}) on rgb({below[0]},{below[1]},{below[2]})")
        text.append("\n")
    return text
