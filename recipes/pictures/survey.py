"""Charts as polling houses and newspapers draw them, each a picture of its own that is as tall as what it shows.

A bold title at the left, a smaller line below it, then bars, sectors or lines with their numbers written in or beside
them and hardly an axis, notes and a source in small grey. Tables are drawn in the same frame, so that the frame does
not tell what it holds. Each drawing begins at the sheet's `y`, moves it down and returns the facts to be seen.
"""

import math
from collections.abc import Callable

import numpy as np
from looks import Look
from PIL import Image
from sheets import (
    WHO,
    Sheet,
    colours,
    faint,
    label,
    name_pieces,
    name_row,
    notes,
    over,
    paper,
    rows_of,
    shares,
    title,
)  # fmt: skip

TALLEST = 1400  # pixels of the page that is drawn on and cut where the drawing ends


def stacked(sheet: Sheet) -> set[str]:
    """Rows of bars in pieces with a number in each; at times a column of totals at their right."""
    look, (rows, start, step, high) = sheet.look, rows_of(sheet)
    count, totals, right = int(look.rng.integers(2, 6)), look.chance(0.3), look.chance(0.6)
    end, gap = sheet.right - (sheet.unit * 3 if totals else 0), look.chance(0.2) * 2
    full = look.chance(0.7)
    name_pieces(sheet, start, end, [look.words(1, 2) for _ in range(count)])
    first = look.chance(0.5)
    for row in rows:
        if name_row(sheet, row, start, right=right):
            x, whole = start, end - start if full else (end - start) * look.between(0.4, 1)
            pieces = shares(look, count)
            for n, share in enumerate(pieces):
                wide = whole * share / max(1, sum(pieces))
                sheet.bar(x, x + wide - gap, sheet.y, high, sheet.colours[n % 5], f"{share}{'%' * first}")
                x += wide
            if totals:
                sheet.text(sheet.right, sheet.y, str(pieces[0] + pieces[-1]), head=True, anchor="rm")
            first = False
        sheet.y += step * (1.0 if row else 0.5)
    return {"bars", "horizontal bars", "stacked bars", "several colours"}


def diverging(sheet: Sheet) -> set[str]:
    """Rows of bars that lie to both sides of a line, for and against, in one or two pieces each."""
    look, (rows, start, step, high) = sheet.look, rows_of(sheet)
    each, right = int(look.rng.integers(1, 3)), look.chance(0.6)
    middle = (start + sheet.right) / 2 + sheet.wide * look.between(-0.1, 0.1)
    scale = min(middle - start, sheet.right - middle) / 95
    name_pieces(sheet, start, sheet.right, [look.words(1, 2) for _ in range(2 * each)])
    top = sheet.y - step / 2
    for row in rows:
        if name_row(sheet, row, start, right=right):
            for side in (-1, 1):
                x, share = middle, look.between(20, 90)
                for n in range(each):
                    part = share * (0.6 if each == 2 and n == 0 else 0.4 if each == 2 else 1) * scale
                    colour = sheet.colours[(2 - n if each == 2 else 1) if side < 0 else (3 + n)]
                    ends = sorted((x, x + side * part))
                    sheet.bar(ends[0], ends[1], sheet.y, high, colour, str(round(part / scale)))
                    x += side * part
        sheet.y += step * (1.0 if row else 0.5)
    if look.chance(0.6):
        sheet.pen.line((middle, top, middle, sheet.y - step / 2), fill=look.ink)
    return {"bars", "horizontal bars", "several colours"} | ({"stacked bars"} if each == 2 else set())


def side_by_side(sheet: Sheet) -> set[str]:
    """One, two or three columns of short bars with a head each, the number in or after each bar."""
    look, (rows, start, step, high) = sheet.look, rows_of(sheet)
    columns, right, inside = int(look.rng.integers(1, 4)), look.chance(0.5), look.chance(0.4)
    wide, one = (sheet.right - start) / columns, look.chance(0.5)
    if columns > 1 or look.chance(0.3):
        for c in range(columns):
            name = look.words(1, 2)
            sheet.text(start + c * wide, sheet.y, name, size=0.9, head=True)
        sheet.y += sheet.unit * 1.6
    top, most = sheet.y - step / 2, look.between(0.6, 0.85)
    for row in rows:
        if name_row(sheet, row, start, right=right):
            strong = row in WHO[look.language][:1]
            for c in range(columns):
                value, x = look.between(2, 99), start + c * wide
                long = wide * most * value / 99
                colour = sheet.colours[2 if strong else 0 if one else c]
                sheet.bar(x, x + long, sheet.y, high, colour, f"{value:.0f}" if inside else "")
                if not inside:
                    sheet.text(x + long + 3, sheet.y, f"{value:.0f}")
        sheet.y += step * (1.0 if row else 0.5)
    for c in range(columns if look.chance(0.5) else 0):
        sheet.pen.line((start + c * wide, top, start + c * wide, sheet.y - step / 2), fill=look.muted)
    return {"bars", "horizontal bars"} | ({"several colours"} if columns > 1 and not one else set())


def one_bar(sheet: Sheet) -> set[str]:
    """A single bar in pieces, lying or upright, the names at its side."""
    look, count = sheet.look, int(sheet.look.rng.integers(2, 6))
    pieces = shares(look, count)
    total, named = max(1, sum(pieces)), [look.words(1, 3) for _ in range(count)]
    if look.chance(0.5):
        high, x = sheet.unit * look.between(2, 5), sheet.left
        sheet.y += high / 2 + sheet.unit * 1.5
        for n, (share, name) in enumerate(zip(pieces, named, strict=True)):
            end = x + sheet.wide * share / total
            sheet.bar(x, end, sheet.y, high, sheet.colours[n % 5], f"{share}%")
            sheet.text(x, sheet.y - high / 2 - sheet.unit * 0.8, name.split()[0], size=0.9)
            x = end
        sheet.y += high / 2 + sheet.unit
        return {"bars", "horizontal bars", "stacked bars", "several colours"}
    tall, x = sheet.unit * look.between(11, 22), sheet.left + sheet.wide * look.between(0, 0.4)
    wide = sheet.wide * look.between(0.15, 0.35)
    for n, (share, name) in enumerate(zip(pieces, named, strict=True)):
        part = tall * share / total
        sheet.bar(x, x + wide, sheet.y + part / 2, max(2.0, part - 1), sheet.colours[n % 5], f"{share}%")
        sheet.text(x + wide + sheet.unit, sheet.y + part / 2, name)
        sheet.y += part
    sheet.y += sheet.unit
    return {"bars", "stacked bars", "several colours"}


def upright(sheet: Sheet) -> set[str]:
    """Upright bars on a line, without an axis, numbers above or within them; plain, in groups or in pieces."""
    look, count, series = sheet.look, int(sheet.look.rng.integers(2, 14)), int(sheet.look.rng.choice([1, 1, 2, 3]))
    tall, step = sheet.wide * look.between(0.3, 0.8), sheet.wide / count
    piled, low = series > 1 and look.chance(0.6), sheet.y + sheet.wide * 0.03
    if series > 1:
        name_pieces(sheet, sheet.left, sheet.right, [look.words(1, 1) for _ in range(series)])
        low = sheet.y
    low += tall
    thin, size = look.between(0.5, 0.9), min(1.0, step / sheet.unit / 2.6)
    for n in range(count):
        x, base = sheet.left + step * (n + (1 - thin) / 2), low
        wide = step * thin / (1 if piled else series)
        for s in range(series):
            high = tall * look.between(0.05, 0.95) / (series if piled else 1)
            at, foot = (x, base) if piled else (x + s * wide, low)
            said = f"{high / tall * 100:.0f}"
            sheet.pen.rectangle((at, foot - high, at + wide - 1, foot), fill=sheet.colours[s])
            if piled and high > sheet.unit:
                sheet.text(at + wide / 2, foot - high / 2, said, ink=over(sheet.colours[s]), size=size, anchor="mm")
            elif not piled:
                sheet.text(at + wide / 2, foot - high - sheet.unit * 0.6, said, size=size, anchor="mm")
            base -= high
        name = str(1990 + 3 * n) if look.chance(0.5) else label(look)[: max(2, int(step / sheet.unit * 1.7))]
        sheet.text(sheet.left + step * (n + 0.5), low + sheet.unit * 0.8, name, size=size, anchor="mm")
    sheet.pen.line((sheet.left, low, sheet.right, low), fill=look.ink)
    sheet.y = low + sheet.unit * 1.8
    found = {"bars"} | ({"stacked bars"} if piled else set())
    return found | ({"several colours"} if series > 1 else set())


def sectors(sheet: Sheet) -> set[str]:
    """A pie or ring as wide as the sheet, or two or three beside each other, with words and shares in the sectors."""
    look, many = sheet.look, int(sheet.look.rng.choice([1, 1, 1, 2, 3]))
    wide, ring = sheet.wide / many, look.chance(0.3)
    r = wide * look.between(0.3, 0.5)
    beside = look.chance(0.3) and many == 1 and r < wide * 0.4
    for p in range(many):
        x, y, angle = sheet.left + wide * (p + 0.5), sheet.y + r, look.between(0, 360)
        for n, share in enumerate(parts := shares(look, int(look.rng.integers(2, 6)))):
            turn = 360 * share / max(1, sum(parts))
            sheet.pen.pieslice((x - r, y - r, x + r, y + r), angle, angle + turn, fill=sheet.colours[n % 5],
                               outline=look.ground, width=int(look.rng.integers(1, 3)))  # fmt: skip
            middle, far = math.radians(angle + turn / 2), r * (1.15 if beside else 0.78 if ring else 0.62)
            at, ink = (x + far * math.cos(middle), y + far * math.sin(middle)), over(sheet.colours[n % 5])
            if share > 7:
                ink, size = look.ink if beside else ink, min(1.2, r / sheet.unit / 5)
                sheet.text(*at, f"{share}%", ink=ink, size=size, head=True, anchor="mm")
                if not ring:
                    word = look.words(1, 1)
                    sheet.text(at[0], at[1] - sheet.unit * size, word, ink=ink, size=size * 0.8, anchor="mm")
            angle += turn
        if ring:
            inner = r * look.between(0.45, 0.7)
            sheet.pen.ellipse((x - inner, y - inner, x + inner, y + inner), fill=look.ground)
    sheet.y += 2 * r + sheet.unit
    return {"pie", "ring"} if ring else {"pie"}


def long_lines(sheet: Sheet) -> set[str]:
    """A few lines with their names and last values beside them; below them some years, at most faint rules behind."""
    look, series, count = sheet.look, int(sheet.look.rng.integers(1, 6)), int(sheet.look.rng.integers(2, 40))
    tall, end = sheet.wide * look.between(0.3, 0.9), sheet.right - sheet.wide * look.between(0.08, 0.25)
    low, start = sheet.y + tall, sheet.left + sheet.unit * (2.5 if look.chance(0.6) else 0.5)
    for n in range(int(look.rng.integers(2, 6)) if look.chance(0.5) else 0):
        y = low - tall * n / 5
        sheet.pen.line((start, y, sheet.right, y), fill=faint(look))
        sheet.text(sheet.left, y - sheet.unit * 0.6, str(20 * n), ink=look.muted, size=0.85)
    marked, ends, width = look.chance(0.3), look.chance(0.6), int(look.rng.integers(2, 5))
    for s in range(series):
        walk = np.cumsum(look.rng.normal(look.between(-0.4, 0.4), 1, count))
        walk = (walk - walk.min()) / max(float(np.ptp(walk)), 0.1) * look.between(0.1, 0.8) + look.between(0.02, 0.2)
        points = [(start + (end - start) * n / (count - 1), low - tall * float(v)) for n, v in enumerate(walk)]
        sheet.pen.line(points, fill=sheet.colours[s], width=width, joint="curve")
        for x, y in points if marked else [points[0], points[-1]] if ends else ():
            sheet.pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=sheet.colours[s])
            if count < 9 or not marked:
                said = f"{(low - y) / tall * 100:.0f}"
                sheet.text(x, y - sheet.unit, said, ink=sheet.colours[s], head=True, anchor="mm")
        word = look.words(1, 1)
        sheet.text(points[-1][0] + 5, points[-1][1], word, ink=sheet.colours[s], size=0.9, head=True)
    if look.chance(0.7):
        sheet.pen.line((start, low, end, low), fill=look.ink)
    for n, year in enumerate(range(1980, 2020, int(look.rng.choice([8, 10, 20])))):
        x = start + (end - start) * min(1.0, n / 4)
        sheet.text(x, low + sheet.unit * 0.9, f"’{year % 100:02}" if look.chance(0.3) else str(year), size=0.85,
                   ink=look.muted, anchor="mm")  # fmt: skip
    sheet.y = low + sheet.unit * 2
    return {"lines"} | ({"several colours"} if series > 1 else set())


def layers(sheet: Sheet) -> set[str]:
    """Areas on top of each other with their names in them."""
    look, series, count = sheet.look, int(sheet.look.rng.integers(2, 5)), int(sheet.look.rng.integers(4, 20))
    tall = sheet.wide * look.between(0.35, 0.8)
    low, parts = sheet.y + tall, look.rng.dirichlet(np.ones(series) * 3, count)
    through = np.cumsum(parts, 1) * look.rng.uniform(0.8, 1, (count, 1))
    xs = [sheet.left + sheet.wide * n / (count - 1) for n in range(count)]
    for s in reversed(range(series)):
        top = [(x, low - tall * float(v)) for x, v in zip(xs, through[:, s], strict=True)]
        sheet.pen.polygon([(sheet.left, low), *top, (sheet.right, low)], fill=sheet.colours[s])
        x, y = top[count // 2]
        sheet.text(x, y + sheet.unit, look.words(1, 1), ink=over(sheet.colours[s]), head=True, anchor="mm")
    for n in range(4):
        x = sheet.left + sheet.wide * (n + 0.3) / 4
        sheet.text(x, low + sheet.unit * 0.9, str(1990 + 8 * n), size=0.85, ink=look.muted, anchor="mm")
    sheet.y = low + sheet.unit * 2
    return {"area", "several colours"}


def dots(sheet: Sheet) -> set[str]:
    """Rows with two or three dots on a faint line, a number beside each."""
    look, (rows, start, step, _) = sheet.look, rows_of(sheet)
    count, r, right = int(look.rng.integers(1, 4)), sheet.unit * look.between(0.35, 0.6), look.chance(0.5)
    name_pieces(sheet, start, sheet.right, [look.words(1, 1) for _ in range(count)])
    for row in rows:
        if name_row(sheet, row, start, right=right):
            at = np.sort(look.rng.uniform(0.08, 0.92, count))
            xs = [start + (sheet.right - start) * float(v) for v in at]
            sheet.pen.line((start, sheet.y, sheet.right, sheet.y), fill=faint(look))
            sheet.pen.line((xs[0], sheet.y, xs[-1], sheet.y), fill=look.muted, width=3)
            for n, x in enumerate(xs):
                sheet.pen.ellipse((x - r, sheet.y - r, x + r, sheet.y + r), fill=sheet.colours[n])
                sheet.text(x, sheet.y - r - sheet.unit * 0.5, f"{at[n] * 100:.0f}", size=0.85, anchor="mm")
        sheet.y += max(step, sheet.unit * 2.4) * (1.0 if row else 0.5)
    return {"plot"} | ({"several colours"} if count > 1 else set())


def panels(sheet: Sheet) -> set[str]:
    """Small charts of one kind in rows, each with its name above it."""
    look, across, down = sheet.look, int(sheet.look.rng.integers(2, 5)), int(sheet.look.rng.integers(1, 4))
    wide, barred = sheet.wide / across, look.chance(0.4)
    high, inner = wide * look.between(0.5, 1.1), wide * 0.82
    for j in range(across * down):
        x, top = sheet.left + j % across * wide, sheet.y + j // across * (high + sheet.unit * 2)
        sheet.text(x, top, label(look), size=0.95, head=True)
        low, values = top + high, look.rng.uniform(0.1, 0.8, int(look.rng.integers(3, 9)))
        step = inner / len(values)
        points = [(x + step * n, low - (high - sheet.unit) * float(v)) for n, v in enumerate(values)]
        if barred:
            for px, py in points:
                sheet.pen.rectangle((px, py, px + step * 0.7, low), fill=sheet.colours[0])
        else:
            sheet.pen.line(points, fill=sheet.colours[0], width=2)
            sheet.text(points[-1][0] + 3, points[-1][1], f"{values[-1] * 100:.0f}", ink=sheet.colours[0])
        sheet.pen.line((x, low, x + inner, low), fill=look.muted)
    sheet.y += down * (high + sheet.unit * 2)
    return {"bars"} if barred else {"lines"}


def figures(sheet: Sheet) -> set[str]:
    """A table: the rows of such charts with columns of numbers in place of bars, ruled, striped or bare."""
    look, (rows, start, step, _) = sheet.look, rows_of(sheet)
    columns, kind, right = int(look.rng.integers(2, 7)), look.rng.random(), look.chance(0.2)
    wide = (sheet.right - start) / columns
    for c in range(columns):
        sheet.text(start + (c + 0.5) * wide, sheet.y, look.words(1, 1)[:9], size=0.85, head=True, anchor="mm")
    sheet.y += step * 1.1
    sheet.pen.line((sheet.left, sheet.y - step / 2, sheet.right, sheet.y - step / 2), fill=look.ink)
    for n, row in enumerate(rows):
        line = (sheet.left, sheet.y - step / 2, sheet.right, sheet.y + step / 2)
        if row and kind < 0.35 and n % 2:
            sheet.pen.rectangle(line, fill=faint(look))
        if name_row(sheet, row, start, right=right):
            for c in range(columns):
                said = f"{look.between(1, 99):.{int(kind * 3) % 2}f}"
                sheet.text(start + (c + 0.5) * wide, sheet.y, said, anchor="mm")
        if kind > 0.6:
            sheet.pen.line((sheet.left, line[3], sheet.right, line[3]), fill=faint(look))
        sheet.y += step * (1.0 if row else 0.5)
    return {"table"}


DRAWN: tuple[tuple[Callable[[Sheet], set[str]], float], ...] = (
    (stacked, 4), (diverging, 2), (side_by_side, 4), (one_bar, 1), (upright, 3), (sectors, 2), (long_lines, 4),
    (layers, 0.7), (dots, 0.8), (panels, 0.8), (figures, 3.5),
)  # fmt: skip


def survey(look: Look, *, framed: bool = True) -> tuple[Image.Image, set[str]]:
    """One such picture and its facts; `framed` says whether title, notes and source are around the chart."""
    wide = int(look.between(260, 460))
    paper(look)
    made = Image.new("RGB", (wide, TALLEST), look.ground)
    edge, unit = wide * look.between(0.02, 0.06), look.between(0.028, 0.046) * wide
    sheet = Sheet(made, look, unit, edge, wide - edge, colours(look), y=edge)
    if framed:
        title(sheet)
    sheet.y += unit * 1.2
    weights = np.array([weight for _, weight in DRAWN])
    draw, _ = DRAWN[int(look.rng.choice(len(weights), p=weights / weights.sum()))]
    seen = draw(sheet)
    if draw in (stacked, side_by_side, upright, sectors) and look.chance(0.12):  # a second one below
        sheet.lines(look.words(2, 6), ink=look.ink, size=1.1, head=True)
        sheet.y += unit
        seen = seen | draw(sheet)
    if framed:
        notes(sheet)
    low = min(max(int(sheet.y + edge), wide // 3), TALLEST)
    return made.crop((0, 0, wide, low)), seen
