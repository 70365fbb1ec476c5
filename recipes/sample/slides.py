"""One slide of a sample talk as a picture of 1280 × 720 pixels, laid out from its description in talks/*.yaml.

Text is measured before it is set: it wraps at the width that it has and shrinks until it fits, so that no slide can
show cut or overlapping words.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pictures import PICTURES
from PIL import Image, ImageColor, ImageDraw, ImageFilter
from PIL.ImageFont import FreeTypeFont
from plots import equation, plot
from themes import THEMES, Theme, font

WIDTH, HEIGHT = 1280, 720
LEFT, RIGHT, TOP, BOTTOM = 76, 1204, 176, 634  # pixels: where the body of a slide lies
CODE_COLOURS = {"keyword": "#ff7b72", "string": "#a5d6ff", "comment": "#8b949e", "number": "#ffa657", "": "#e6edf3"}
CODE_TOKENS = re.compile(
    r"(?P<comment>#.*)|(?P<string>f?\"[^\"]*\"+)|(?P<keyword>\b(?:import|as|def|return|for|in|print)\b)"
    r"|(?P<number>\b\d[\d_.]*\b)"
)


def slide(talk: Mapping[str, Any], number: int) -> Image.Image:
    """Slide `number` (from 0) of the talk, RGB."""
    spec, theme = talk["slides"][number], THEMES[talk["theme"]]
    page = _ground(theme)
    if spec["kind"] == "title":
        _title_page(page, talk, theme)
        return page
    _heading(page, spec["heading"], theme)
    BODIES[spec["kind"]](page, spec, theme)
    _footer(page, talk, theme, text=spec.get("note", ""), number=number)
    return page


def wrap(text: str, face: FreeTypeFont, *, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken at spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _ground(theme: Theme) -> Image.Image:
    mask = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    page = Image.composite(
        Image.new("RGB", (WIDTH, HEIGHT), theme.bottom), Image.new("RGB", (WIDTH, HEIGHT), theme.top), mask
    )
    if theme.decoration == "corner":
        pen = ImageDraw.Draw(page, "RGBA")
        for radius, alpha in ((420, 26), (320, 34), (220, 44)):
            pen.ellipse(
                (WIDTH - radius, -radius, WIDTH + radius, radius), fill=(*ImageColor.getrgb(theme.accent), alpha)
            )
    return page


def _heading(page: Image.Image, text: str, theme: Theme) -> None:
    pen = ImageDraw.Draw(page)
    size = next(s for s in range(50, 20, -2) if font(theme.heading, s, bold=True).getlength(text) <= RIGHT - LEFT)
    face = font(theme.heading, size, bold=True)
    colour = theme.ink
    if theme.decoration == "band":
        pen.rectangle((0, 0, WIDTH, 128), fill=theme.accent)
        colour = "#ffffff"
    elif theme.decoration == "bar":
        pen.rectangle((0, 0, 22, HEIGHT), fill=theme.accent)
    elif theme.decoration == "rule":
        pen.line((LEFT, 130, RIGHT, 130), fill=theme.accent, width=4)
    elif theme.decoration == "plain":
        colour = theme.accent
    pen.text((LEFT, 74), text, font=face, fill=colour, anchor="lm")


def _footer(page: Image.Image, talk: Mapping[str, Any], theme: Theme, *, text: str, number: int) -> None:
    pen, face = ImageDraw.Draw(page), font(theme.body, 22)
    pen.text((LEFT, 676), text or talk["speakers"][0], font=face, fill=theme.muted, anchor="lm")
    pen.text((RIGHT, 676), f"{number + 1} / {len(talk['slides'])}", font=face, fill=theme.muted, anchor="rm")


def _title_page(page: Image.Image, talk: Mapping[str, Any], theme: Theme) -> None:
    spec = talk["slides"][0]
    pen, width = ImageDraw.Draw(page), RIGHT - LEFT
    if "picture" in spec:
        page.paste(PICTURES[spec["picture"]](540, HEIGHT), (WIDTH - 540, 0))
        width = WIDTH - 540 - LEFT - 50
    if theme.decoration in ("band", "bar"):
        pen.rectangle((0, 0, 22, HEIGHT), fill=theme.accent)
    lines, face = _fit_lines(
        [talk["title"]], theme.heading, width=width, height=330, sizes=range(66, 30, -2), bold=True
    )
    y = 120.0
    for line in lines:
        pen.text((LEFT, y), line, font=face, fill=theme.ink, anchor="la")
        y += face.size * 1.22
    pen.line((LEFT, y + 26, LEFT + 160, y + 26), fill=theme.accent, width=6)
    y += 62
    for speaker in talk["speakers"]:
        pen.text((LEFT, y), speaker, font=font(theme.body, 34, bold=True), fill=theme.ink)
        y += 46
    pen.text((LEFT, y), spec["marker"], font=font(theme.body, 26), fill=theme.muted)
    day = ".".join(reversed(talk["date"].split("-"))) if talk["language"] == "es" else talk["date"]
    event = "Ateneo de muestra, n.º" if talk["language"] == "es" else "Sample ateneo, no."
    pen.text((LEFT, 660), f"{event} {talk['number']}  ·  {day}", font=font(theme.body, 24), fill=theme.muted)


def _fit_lines(
    texts: list[str], family: str, *, width: float, height: float, sizes: range, bold: bool = False
) -> tuple[list[str], FreeTypeFont]:
    for size in sizes:
        face = font(family, size, bold=bold)
        lines = [line for text in texts for line in wrap(text, face, width=width)]
        if len(lines) * size * 1.25 <= height and max(map(face.getlength, lines)) <= width:
            return lines, face
    raise ValueError(f"text does not fit in {width} x {height} pixels: {texts}")


def _bullets(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    box = (LEFT, TOP, RIGHT, BOTTOM)
    if "picture" in spec:
        box = (LEFT, TOP, 650, BOTTOM)
        _framed(page, spec["picture"], (690, TOP + 10, RIGHT, BOTTOM - 14), theme)
    _list(page, spec["bullets"], theme, box=box)


def _list(
    page: Image.Image, items: list[str], theme: Theme, *, box: tuple[int, int, int, int], largest: int = 46
) -> None:
    x, top, right, bottom = box
    pen = ImageDraw.Draw(page)
    for size in range(largest, 22, -2):
        face = font(theme.body, size)
        wrapped = [wrap(item, face, width=right - x - 50) for item in items]
        height = sum(len(lines) for lines in wrapped) * size * 1.24 + (len(items) - 1) * size * 0.78
        if height <= bottom - top:
            break
    y = top + min(40.0, (bottom - top - height) / 2)
    for lines in wrapped:
        pen.text((x + 4, y), theme.bullet, font=font("DejaVu Sans", int(size * 0.8), bold=True), fill=theme.accent)
        for line in lines:
            pen.text((x + 50, y), line, font=face, fill=theme.ink)
            y += size * 1.24
        y += size * 0.78


def _framed(page: Image.Image, name: str, box: tuple[int, int, int, int], theme: Theme) -> None:
    x, y, right, bottom = box
    shadow = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(shadow).rectangle((x + 2, y + 6, right + 6, bottom + 10), fill=110)
    page.paste("#000000", (0, 0), shadow.filter(ImageFilter.GaussianBlur(9)))
    ImageDraw.Draw(page).rectangle((x - 7, y - 7, right + 7, bottom + 7), fill="#fdfdfb")
    page.paste(PICTURES[name](right - x, bottom - y), (x, y))


def _picture_page(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    portrait = spec["picture"] == "portrait"
    _framed(page, spec["picture"], (470, 166, 810, 606) if portrait else (200, 158, 1080, 606), theme)
    ImageDraw.Draw(page).text(
        (WIDTH / 2, 640), spec["caption"], font=font(theme.body, 24), fill=theme.muted, anchor="mm"
    )


def _plot(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    drawn = plot(spec, theme, size=(RIGHT - LEFT, 486))
    page.paste(drawn, (LEFT, 156), drawn)


def _table(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    pen, rows = ImageDraw.Draw(page, "RGBA"), [spec["columns"], *spec["rows"]]
    size = 32
    faces = [font(theme.body, size, bold=True), font(theme.body, size)]
    wide = [max(faces[0].getlength(row[i]) for row in rows) + 56 for i in range(len(rows[0]))]
    scale = (RIGHT - LEFT) / sum(wide)
    edges = [LEFT + scale * sum(wide[:i]) for i in range(len(wide) + 1)]
    if scale < 0.85:
        raise ValueError(f"table is too wide: {spec['columns']}")
    height = min(78, (BOTTOM - TOP) // len(rows))
    for j, row in enumerate(rows):
        y = TOP + 6 + j * height
        shade = (*ImageColor.getrgb(theme.accent), 255 if j == 0 else 34 if j % 2 == 0 else 0)
        pen.rectangle((LEFT, y, RIGHT, y + height), fill=shade)
        head = ("#16202a" if theme.dark else "#ffffff") if j == 0 else theme.ink
        for i, cell in enumerate(row):
            pen.text((edges[i] + 24, y + height / 2), cell, font=faces[j > 0 and i > 0], fill=head, anchor="lm")


def _equations(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    y = 168
    for tex in spec["equations"]:
        drawn = equation(tex, theme, points=34)
        drawn.thumbnail((RIGHT - LEFT, 110))
        page.paste(drawn, ((WIDTH - drawn.width) // 2, y), drawn)
        y += drawn.height + 26
    _list(page, spec["bullets"], theme, box=(LEFT + 180, y + 4, RIGHT, BOTTOM + 14), largest=32)


def _code(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    pen, lines = ImageDraw.Draw(page), spec["code"].rstrip().split("\n")
    face = font("Fira Code", 28)
    pen.rounded_rectangle((LEFT, 158, RIGHT, 640), radius=14, fill="#161b22", outline=theme.muted, width=2)
    step = min(46.0, 440 / len(lines))
    y = 158 + (482 - step * len(lines)) / 2
    for line in lines:
        x, at = LEFT + 34.0, 0
        for token in [*CODE_TOKENS.finditer(line), None]:
            for text, kind in (
                (line[at : token.start() if token else None], ""),
                (token[0], token.lastgroup) if token else ("", ""),
            ):
                pen.text((x, y), text, font=face, fill=CODE_COLOURS[kind or ""])
                x += face.getlength(text)
            at = token.end() if token else at
        y += step


def _flow(page: Image.Image, spec: Mapping[str, Any], theme: Theme) -> None:
    pen, boxes = ImageDraw.Draw(page), spec["boxes"]
    columns = 3 if len(boxes) > 4 else len(boxes)
    step, wide, tall = (RIGHT - LEFT + 60) / columns, (RIGHT - LEFT + 60) / columns - 60, 132
    rows = -(-len(boxes) // columns)
    for n, text in enumerate(boxes):
        row, column = divmod(n, columns)
        x, y = LEFT + column * step, (TOP + BOTTOM) / 2 + (row - (rows - 1) / 2) * 210 - tall / 2
        fill = theme.palette[n % 2]
        pen.rounded_rectangle((x, y, x + wide, y + tall), radius=18, fill=fill)
        lines, face = _fit_lines(
            [text], theme.body, width=wide - 36, height=tall - 30, sizes=range(34, 20, -2), bold=True
        )
        light = sum(ImageColor.getrgb(fill)) > 420
        pen.multiline_text(
            (x + wide / 2, y + tall / 2),
            "\n".join(lines),
            font=face,
            anchor="mm",
            align="center",
            fill="#16202a" if light else "#ffffff",
            spacing=8,
        )
        if n + 1 < len(boxes):
            _arrow(pen, (x + wide, y + tall / 2), (x, y + tall), turn=column == columns - 1, step=step, theme=theme)


def _arrow(
    pen: ImageDraw.ImageDraw,
    side: tuple[float, float],
    corner: tuple[float, float],
    *,
    turn: bool,
    step: float,
    theme: Theme,
) -> None:
    """From the right side of a box to the next one; after the last of a row, round to the first of the row below."""
    if not turn:
        x, y = side
        pen.line((x + 8, y, x + 44, y), fill=theme.muted, width=6)
        pen.polygon([(x + 54, y), (x + 36, y - 13), (x + 36, y + 13)], fill=theme.muted)
        return
    x, y = corner[0] + (step - 60) / 2, corner[1]
    first = LEFT + (step - 60) / 2
    pen.line([(x, y + 8), (x, y + 40), (first, y + 40), (first, y + 60)], fill=theme.muted, width=6, joint="curve")
    pen.polygon([(first, y + 74), (first - 13, y + 56), (first + 13, y + 56)], fill=theme.muted)


BODIES: dict[str, Callable[..., None]] = {
    "bullets": _bullets,
    "bars": _plot,
    "lines": _plot,
    "table": _table,
    "equation": _equations,
    "code": _code,
    "flow": _flow,
    "picture": _picture_page,
}
__all__ = ["slide", "wrap"]
