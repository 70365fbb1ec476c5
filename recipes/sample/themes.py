"""The looks of the sample slides: colours, fonts and decoration, one theme a speaker.

Fonts come from Debian (fonts-lato, fonts-open-sans, fonts-firacode, fonts-liberation); without one of
them the pictures would differ from machine to machine, so its absence is an error and not a fallback.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from matplotlib.font_manager import FontProperties, findfont
from PIL.ImageFont import FreeTypeFont, truetype

Decoration = Literal["band", "rule", "bar", "corner", "plain"]
FAMILIES = ("Lato", "Open Sans", "Liberation Serif", "Fira Code", "Liberation Sans", "DejaVu Sans")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as "#rrggbb"; the background runs from `top` to `bottom`; `palette` colours series and boxes."""

    top: str
    bottom: str
    ink: str
    muted: str
    accent: str
    palette: tuple[str, ...]
    heading: str
    body: str
    decoration: Decoration
    bullet: str = "•"

    @property
    def dark(self) -> bool:
        """Whether light ink stands on a dark ground."""
        return int(self.top[1:3], 16) + int(self.top[3:5], 16) + int(self.top[5:7], 16) < 300


THEMES = {
    "lagoon": Theme(
        "#ffffff", "#f3f8f9", "#1d2b33", "#5d717b", "#0e7c86", ("#0e7c86", "#f2a541", "#8f3b76"), "Lato", "Lato", "band"
    ),
    "paper": Theme(
        "#fbf8f1",
        "#f4eee0",
        "#2a2420",
        "#7a6f63",
        "#a13d2d",
        ("#a13d2d", "#2f5d62", "#d9a441"),
        "Liberation Serif",
        "Liberation Serif",
        "rule",
        "–",
    ),
    "brick": Theme(
        "#fdfdfd",
        "#f1efed",
        "#2b2b2b",
        "#777470",
        "#b5442e",
        ("#b5442e", "#3d5a80", "#e0a458"),
        "Open Sans",
        "Open Sans",
        "bar",
        "▪",
    ),
    "mint": Theme(
        "#ffffff",
        "#ffffff",
        "#20302a",
        "#66766f",
        "#2e8b57",
        ("#2e8b57", "#264e70", "#f0803c"),
        "Liberation Sans",
        "Liberation Sans",
        "plain",
    ),
    "night": Theme(
        "#12233d",
        "#0a1526",
        "#f2f4f8",
        "#9fb0c8",
        "#f5b942",
        ("#f5b942", "#5fb3d9", "#e4744f"),
        "Lato",
        "Lato",
        "rule",
        "›",
    ),
    "dusk": Theme(
        "#2b1f45",
        "#151027",
        "#f4f0fb",
        "#b3a6cc",
        "#ff8f6b",
        ("#ff8f6b", "#8fd3ff", "#ffd166"),
        "Open Sans",
        "Open Sans",
        "corner",
    ),
    "parchment": Theme(
        "#f8f1dd",
        "#efe4c6",
        "#33261a",
        "#7d6a50",
        "#7a2e2e",
        ("#7a2e2e", "#c58b2b", "#3e5c50"),
        "Liberation Serif",
        "Liberation Serif",
        "bar",
        "•",
    ),
    "lagoon_dark": Theme(
        "#0f3a40",
        "#0a272c",
        "#eef7f6",
        "#9cc0bf",
        "#ffd166",
        ("#ffd166", "#6fd3c7", "#ef8354"),
        "Liberation Sans",
        "Liberation Sans",
        "bar",
    ),
    "clinic": Theme(
        "#ffffff",
        "#eef3fa",
        "#16243b",
        "#61708a",
        "#1f5fae",
        ("#d1495b", "#1f5fae", "#2a9d8f"),
        "Liberation Sans",
        "Liberation Sans",
        "band",
        "■",
    ),
    "alpine": Theme(
        "#f5f9fc",
        "#dfeaf2",
        "#1e2d3a",
        "#5f7485",
        "#33658a",
        ("#33658a", "#c8553d", "#758e4f"),
        "Open Sans",
        "Open Sans",
        "rule",
    ),
    "terminal": Theme(
        "#101418",
        "#101418",
        "#d7e0e8",
        "#7f8c98",
        "#7ee787",
        ("#7ee787", "#79c0ff", "#ffa657"),
        "Fira Code",
        "DejaVu Sans",
        "plain",
        ">",
    ),
}


def missing_fonts() -> list[str]:
    """The families that this machine lacks."""
    return [family for family in FAMILIES if not _installed(family)]


def _installed(family: str) -> bool:
    try:
        findfont(FontProperties(family=family), fallback_to_default=False)
    except ValueError:
        return False
    return True


@cache
def font(family: str, size: int, *, bold: bool = False) -> FreeTypeFont:
    """The font at `size` pixels; its file is found the way matplotlib finds it."""
    properties = FontProperties(family=family, weight="bold" if bold else "normal", style="normal")
    return truetype(findfont(properties, fallback_to_default=False), size)
