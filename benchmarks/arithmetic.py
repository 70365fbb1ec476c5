"""How many calculations in prose and LaTeX are judged rightly, and how many things that are none raise an alarm.

    python benchmarks/arithmetic.py [--seed 5] [--count 300] [--wrong] [--text FILE_OR_FOLDER ...]

Half of the calculations are right, half wrong: the last digit off, digits swapped, another operation, a factor of
ten, a wrong unit. They are Spanish and English, prose and LaTeX, with both decimal marks. `judged` is right where
every right one is confirmed and nothing else said, and where a wrong one is found wrong and corrected to its value.
The calculations of the course's slides come from ATENEO_SHARED/seed where it is there. What looks like a calculation
and is none (dates, versions, ranges, scores) comes from a list by hand and, with --text, from files: what is found
wrong in those is printed.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from pathlib import Path

from ateneo.language.arithmetic import check

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))

NO_SUMS = [
    ("es", "El curso fue del 3 al 5 de julio de 2024, es decir, 3 días."),
    ("es", "La reunión del 12/03/2021 es a las 10:30 y son 25 personas."),
    ("en", "Released on 2024-05-17 = 3 days after 2024-05-14."),
    ("en", "Python 3.11.4 is 25 % faster than 3.10."),
    ("es", "La versión 2.0 es 3 veces más rápida que la 1.9."),
    ("en", "CUDA 12.1 + cuDNN 8.9 = 2 downloads."),
    ("es", "El partido acabó 115-115 y la serie es 3-1."),
    ("en", "They won 3-1, which is 2 goals more than last week."),
    ("es", "Ganaron 2-0: son 3 puntos."),
    ("en", "Ages 3-5 are 10 € each."),
    ("es", "Las páginas 10-20 son 4 capítulos."),
    ("en", "Rooms 2 and 3 are 12 m² each."),
    ("es", "En 2024 es el 3 % de 1.500 millones."),
    ("en", "The score was 21-19, 21-17 = 2 sets."),
    ("es", "La temporada 2023-24 = 38 jornadas."),
    ("en", "See sections 4.2-4.5 = 3 pages."),
    ("es", "Un 4x4 es 2 toneladas de coche."),
    ("en", "The screen is 1920×1080 = Full HD."),
    ("es", "Llamad al 976 12 34 56, es 1 línea gratuita."),
    ("en", "ISBN 978-3-16-148410-0 is 1 of 3 books."),
    ("es", "El 24/7 es 1 lema de la empresa."),
    ("en", "x = 3, y = 4, so f(3 + 4) = 9."),
    ("es", "2x + 3 × 4 = 20 se resuelve despejando."),
    ("en", "Let m × 9.81 × 80 = 785, where m is unknown."),
    ("es", "La ecuación x² + 3 = 12 tiene dos soluciones."),
    ("en", "$E = mc^2$ and $2a = 10$."),
    ("es", "A las 9:30 + 1:45 = 11:15 acaba la sesión."),
    ("en", "Bible, John 3:16 is 1 verse."),
    ("es", "El artículo 14.2 es 1 de los 5 citados."),
    ("en", "Wi-Fi 802.11 - 802.3 = different standards."),
    ("es", "La COVID-19 es 1 pandemia, la SARS-2 son 3."),
    ("en", "Boeing 737-800 = 189 seats."),
    ("es", "El A-23 es 1 autovía de 300 km."),
    ("en", "Temperatures of 18-26 °C are 5 degrees above normal."),
    ("es", "Tres carreteras de 2 km = 6000 m."),
    ("en", "Between 10 and 20 is 1 decade."),
    ("es", "El precio es 5 € = 5,40 $."),
    ("en", "It ran from 1936 to 1939 = 3 years."),
    ("es", "De 2019 a 2024 es un aumento del 25 %."),
    ("en", "Step 3 - 2 eggs = 1 omelette."),
    ("es", "La ventana BH = 700 y la puerta = 900."),
    ("en", "The odds are 3/1 = favourite."),
    ("es", "Dosis: 1/2 es 1 pastilla partida."),
    ("en", "ViT-B/16 is 86M, ViT-L/14 is 307M."),
    ("es", "Imagenet 88.55% (i.e. ResNExt 101: 85.4%) es Top1."),
    ("en", "IPv4 192.168.1.1 - 192.168.1.9 = 9 hosts."),
    ("es", "Escala 1:50 es 1 cm por cada 50."),
    ("en", "v2.3 = v2.2 + 1 fix."),
    ("es", "El modelo tiene 12 capas, 768 dimensiones = ViT-Base."),
    ("en", "He is 5-7 = average height."),
]


@dataclass(frozen=True)
class Case:
    """A text with one calculation; `right` whether what it states is right, `value` what it should be."""

    text: str
    language: str
    right: bool
    value: float
    kind: str


def rounded(value: float, places: int) -> Decimal:
    """Half away from zero, as people round."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


class Writer:
    """Writes calculations in a language."""

    def __init__(self, dice: random.Random, language: str) -> None:
        self.dice, self.language = dice, language
        self.latex = dice.random() < 0.3
        self.comma = language == "es" and (dice.random() < 0.8)
        self.scale = 1.0  # of the value, beyond what is stated

    def number(self, value: float | Decimal, places: int, *, grouped: bool = False) -> str:
        """A number in this writer's way."""
        made = f"{rounded(float(value), places):,}" if grouped else f"{rounded(float(value), places)}"
        if self.comma:
            made = made.translate(str.maketrans({",": ".", ".": ","}))
        return made.replace(",", "{,}") if self.latex and self.comma and not grouped else made

    def of(self, **words: str) -> str:
        return words[self.language]

    def pick(self, low: float, high: float, places: int) -> float:
        """A number of so many places, none that ends in 0."""
        step = 10**places
        while True:
            value = self.dice.randint(round(low * step), round(high * step))
            if value % 10 or places == 0:
                return value / step


def spoilt(value: Decimal, exact: float, dice: random.Random) -> Decimal:
    """Another number that somebody might have got instead."""
    last = Decimal(1).scaleb(value.as_tuple().exponent)  # type: ignore[arg-type]
    while True:
        way = dice.choice(["last", "last", "swapped", "ten", "near"])
        if way == "last":
            made = value + last * dice.choice([-1, 1, 2])
        elif way == "swapped":
            digits = list(str(value))
            places = [n for n, d in enumerate(digits) if d.isdigit()]
            one, other = dice.sample(places, 2) if len(places) > 1 else (places[0], places[0])
            digits[one], digits[other] = digits[other], digits[one]
            made = Decimal("".join(digits))
        else:
            made = value * 10 if way == "ten" else (value * Decimal("1.1")).quantize(last)
        if abs(float(made) - exact) > float(last) / 2 * 1.0001 and made > 0:
            return made


Maker = Callable[
    [Writer], tuple[str, float, int]
]  # the left side with the words that lead to the result, value, places


def area(w: Writer) -> tuple[str, float, int]:
    one, other, places = w.pick(1, 9, 2), w.pick(1, 9, 2), 2
    a, b = w.number(one, 2), w.number(other, 2)
    if w.latex:
        return (
            rf"{w.dice.choice(['A = ', ''])}{a}\,\text{{m}} \times {b}\,\text{{m}} = @\,\text{{m}}^2",
            one * other,
            places,
        )
    form = w.dice.choice([
        w.of(es=f"La cocina mide {a} m por {b} m, o sea, @ m²", en=f"The kitchen is {a} m by {b} m, that is, @ m²"),
        w.of(es=f"Dormitorio 2: {a} m x {b} m = @ m2", en=f"Bedroom 2: {a} m x {b} m = @ sq m"),
        w.of(es=f"{a} × {b} = @ metros cuadrados", en=f"{a} × {b} = @ square metres"),
        f"{a}*{b} ≈ @",
    ])  # fmt: skip
    return form, one * other, places


def add(w: Writer) -> tuple[str, float, int]:
    places = w.dice.choice([0, 1, 2])
    values = [w.pick(2, 900, places) for _ in range(w.dice.choice([2, 3, 4]))]
    written = [w.number(v, places) for v in values]
    joined = (" + ".join(written)) + " = @"
    if w.latex:
        return f"${joined}$", sum(values), places
    row = ", ".join(written[:-1])
    spoken = w.of(es=f"Si sumamos {row} y {written[-1]} obtenemos @", en=f"Adding {row} and {written[-1]} gives @")
    return (
        w.dice.choice([joined, spoken, w.of(es=f"El total: {joined} €", en=f"In all {joined} points")]),
        sum(values),
        places,
    )


def subtract(w: Writer) -> tuple[str, float, int]:
    one, other = w.pick(200, 900, 1), w.pick(2, 150, 1)
    a, b = w.number(one, 1), w.number(other, 1)
    forms = [
        f"{a} - {b} = @",
        f"{a} − {b} = @",
        w.of(es=f"Quedan {a} menos {b}, es decir, @ euros", en=f"{a} minus {b} equals @ euros"),
        w.of(es=f"La diferencia entre {a} y {b} es de @", en=f"The difference between {a} and {b} is @"),
    ]
    return (rf"\({a} - {b} = @\)" if w.latex else w.dice.choice(forms)), one - other, 1


def divide(w: Writer) -> tuple[str, float, int]:
    one, other = w.pick(50, 900, 0), w.pick(3, 40, 0)
    a, b = w.number(one, 0), w.number(other, 0)
    forms = [
        f"{a} / {b} = @",
        f"{a} ÷ {b} ≈ @",
        w.of(es=f"{a} dividido entre {b} da @", en=f"{a} divided by {b} is about @"),
        w.of(es=f"Al dividir {a} entre {b} se obtiene @", en=f"Dividing {a} by {b} yields @"),
    ]
    return (rf"$$\frac{{{a}}}{{{b}}} = @$$" if w.latex else w.dice.choice(forms)), one / other, 2


def percent(w: Writer) -> tuple[str, float, int]:
    share, whole = w.pick(2, 95, w.dice.choice([0, 1])), w.pick(20, 900, 0)
    a, b = w.number(share, 1 if share % 1 else 0), w.number(whole, 0)
    if w.latex:
        return rf"${a}\,\% \times {b} = @$", share * whole / 100, 2
    forms = [
        w.of(es=f"El {a} % de {b} es @", en=f"{a}% of {b} is @"),
        w.of(es=f"El {a}% de {b} son @ alumnos", en=f"{a} percent of {b} = @"),
        w.of(es=f"@ es el {a} % de {b}", en=f"@ is {a} % of {b}"),
    ]
    return w.dice.choice(forms), share * whole / 100, 2


def share(w: Writer) -> tuple[str, float, int]:
    whole = w.pick(20, 400, 0)
    part = w.pick(3, whole - 1, 0)
    a, b = w.number(part, 0), w.number(whole, 0)
    if w.latex:
        return rf"\[\frac{{{a}}}{{{b}}} \times 100 = @\,\%\]", 100 * part / whole, 1
    forms = [
        w.of(es=f"{a} de {b} son el @ %", en=f"{a} out of {b} is @ %"),
        f"{a}/{b} = @ %",
        f"({a} / {b}) × 100 = @%",
    ]
    return w.dice.choice(forms), 100 * part / whole, 1


def change(w: Writer) -> tuple[str, float, int]:
    one, up = w.pick(20, 300, 0), w.dice.random() < 0.5
    other = one * (1 + w.pick(3, 80, 0) / 100) if up else one * (1 - w.pick(3, 60, 0) / 100)
    other = round(other, 1)
    a, b = w.number(one, 0), w.number(other, 1)
    if w.latex:
        return rf"$\frac{{{b} - {a}}}{{{a}}} = @\,\%$", 100 * (other - one) / one, 1
    what = w.of(es="un aumento" if up else "una bajada", en="an increase" if up else "a drop")
    return (
        w.of(es=f"Pasar de {a} a {b} es {what} del @ %", en=f"Going from {a} to {b} is {what} of @ %"),
        abs(100 * (other - one) / one),
        1,
    )


def tax(w: Writer) -> tuple[str, float, int]:
    one, rate = w.pick(10, 900, 0), w.dice.choice([4, 10, 21])
    sign = w.dice.choice("+-")
    return f"{w.number(one, 0)} € {sign} {rate} % = @ €", one * (1 + (rate if sign == "+" else -rate) / 100), 2


def root(w: Writer) -> tuple[str, float, int]:
    inner, g = w.pick(2, 99, 1), w.number(9.81, 2)
    a = w.number(inner, 1)
    if w.latex:
        return rf"$v = \sqrt{{2 \cdot {g} \cdot {a}}} = @ \text{{ m/s}}$", sqrt(2 * 9.81 * inner), 2
    forms = [
        (f"√(2 × {g} × {a}) = @ m/s", sqrt(2 * 9.81 * inner)),
        (f"sqrt({a}) ≈ @", sqrt(inner)),
        (w.of(es=f"La raíz cuadrada de {a} es @", en=f"The square root of {a} is approximately @"), sqrt(inner)),
    ]
    form, value = w.dice.choice(forms)
    return form, value, 2


def powers(w: Writer) -> tuple[str, float, int]:
    base, exponent = w.pick(2, 12, 0), w.dice.choice([2, 3])
    a = w.number(base, 0)
    if w.latex:
        return rf"${a}^{{{exponent}}} = @$", base**exponent, 0
    small = "²" if exponent == 2 else "³"
    said = {"es": "al cuadrado" if exponent == 2 else "al cubo", "en": "squared" if exponent == 2 else "cubed"}[
        w.language
    ]
    return (
        w.dice.choice([f"{a}{small} = @", f"{a}^{exponent} = @", f"{a} {said} {w.of(es='es', en='is')} @"]),
        base**exponent,
        0,
    )


def convert(w: Writer) -> tuple[str, float, int]:
    value = w.pick(2, 90, 1)
    a = w.number(value, 1)
    forms = [
        (f"{a} km = @ m", value * 1000, 0),
        (f"{a} km/h = @ m/s", value / 3.6, 2),
        (f"{a} ft = @ m", value * 0.3048, 2),
        (w.of(es=f"{a} pulgadas equivalen a @ cm", en=f"{a} inches equal @ cm"), value * 2.54, 2),
        (w.of(es=f"{a} horas = @ minutos", en=f"{a} hours = @ minutes"), value * 60, 0),
        (f"{a} kg = @ g", value * 1000, 0),
        (f"{a} °C = @ °F", value * 9 / 5 + 32, 1),
        (f"{a} m² = @ cm²", value * 10_000, 0),
    ]
    form, made, places = w.dice.choice(forms)
    if w.latex:
        return rf"${a} \text{{ km/h}} = @ \text{{ m/s}}$", value / 3.6, 2
    return form, made, places


def physics(w: Writer) -> tuple[str, float, int]:
    mass, speed = w.pick(2, 90, 1), w.pick(2, 30, 1)
    m, v = w.number(mass, 1), w.number(speed, 1)
    value = 0.5 * mass * speed**2
    if w.latex:
        return rf"$$E = \frac{{1}}{{2}} \cdot {m} \cdot {v}^2 = @ \text{{ J}}$$", value, 1
    return w.dice.choice([f"½ · {m} kg · ({v} m/s)² = @ J", f"E = {w.number(0.5, 1)} × {m} × {v}² = @ J"]), value, 1


def feet(w: Writer) -> tuple[str, float, int]:
    a, i, b = w.pick(8, 20, 0), w.dice.choice([3, 6, 9]), w.pick(8, 20, 0)
    value = (a + i / 12) * b
    return f"{a:.0f}' {i}\" × {b:.0f}' = @ {w.of(es='pies cuadrados', en='sq ft')}", value, 2


def money(w: Writer) -> tuple[str, float, int]:
    one, count = w.pick(1100, 9000, 0), w.pick(12, 80, 0)
    a = w.number(one, 0, grouped=True)
    return f"{count:.0f} × {a} € = # €", one * count, 0


def mixed(w: Writer) -> tuple[str, float, int]:
    a, b, c = w.pick(2, 20, 1), w.pick(2, 20, 1), w.pick(2, 9, 0)
    left = f"({w.number(a, 1)} + {w.number(b, 1)}) × {w.number(c, 0)}"
    if w.latex:
        return rf"$\left({w.number(a, 1)} + {w.number(b, 1)}\right) \times {w.number(c, 0)} = @$", (a + b) * c, 1
    return w.dice.choice([f"{left} = @", w.of(es=f"Así, {left} nos da @", en=f"So {left} comes to @")]), (a + b) * c, 1


def mean(w: Writer) -> tuple[str, float, int]:
    values = [w.pick(1, 10, 1) for _ in range(3)]
    one, two, three = (w.number(v, 1) for v in values)
    if w.latex:
        return rf"$\bar{{x}} = \frac{{{one} + {two} + {three}}}{{3}} = @$", sum(values) / 3, 2
    return (
        w.of(es=f"La media de {one}, {two} y {three} es @", en=f"The average of {one}, {two} and {three} is @"),
        sum(values) / 3,
        2,
    )


def science(w: Writer) -> tuple[str, float, int]:
    a, b, n = w.pick(1, 3, 1), w.pick(1, 3, 1), w.dice.randint(3, 9)
    w.scale = 10.0**n
    if w.latex:
        return rf"${w.number(a, 1)} \times 10^{{{n}}} \cdot {w.number(b, 1)} = @ \times 10^{{{n}}}$", a * b, 2
    return f"{w.number(a, 1)}·10^{n} × {w.number(b, 1)} = @·10^{n}", a * b, 2


def work(w: Writer) -> tuple[str, float, int]:
    a, b = w.pick(2, 90, 0), w.pick(2, 12, 0)
    forms = [
        w.of(es=f"{a:.0f} alumnos × {b:.0f} cuadernos = @ cuadernos", en=f"{a:.0f} boxes × {b:.0f} books = @ books"),
        w.of(es=f"{a:.0f} por {b:.0f} son @", en=f"{a:.0f} times {b:.0f} is @"),
        w.of(es=f"{b:.0f} veces {a:.0f} hacen @", en=f"{b:.0f} times {a:.0f} makes @"),
    ]
    return w.dice.choice(forms), a * b, 0


MAKERS: list[Maker] = [
    area,
    add,
    subtract,
    divide,
    percent,
    share,
    change,
    tax,
    root,
    powers,
    convert,
    physics,
    feet,
    money,
    mixed,
    mean,
    science,
    work,
]
AROUND = {
    "es": [
        "{}.",
        "Según el plano de 2024, {}.",
        "- {}",
        "1. {}\n2. Se comprueba en la página 7.",
        "**Resultado:** {}.",
    ],
    "en": ["{}.", "As of 12 May 2024, {}.", "* {}", "2) {}\n3) See page 7.", "**Result:** {}."],
}


def generated(count: int, seed: int) -> Iterator[Case]:
    """So many calculations, every second one wrong."""
    dice = random.Random(seed)
    for n in range(count):
        language = dice.choice(["es", "en"])
        make = MAKERS[n // 2 % len(MAKERS)]
        writer = Writer(dice, language)
        form, value, places = make(writer)
        right = n % 2 == 0
        stated = rounded(value, places)
        if not right:
            stated = spoilt(stated, value, dice) if stated > 0 else stated + 1
        made = form.replace("@", writer.number(stated, places)).replace(
            "#", writer.number(stated, places, grouped=True)
        )
        around = "{}" if "\\" in made or "$$" in made else dice.choice(AROUND[language])
        yield Case(around.format(made), language, right, value * writer.scale, make.__name__)


def of_the_course() -> Iterator[Case]:
    """The calculations of the slides: the floor plan's seventeen rooms, and the two speeds."""
    path = SHARED / "seed" / "000_6da6d189f68f35c5.txt"
    if not path.exists():
        print(f"the slides are not at {path}: their calculations are left out", file=sys.stderr)
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        numbers = [
            float(part)
            for part in line.replace("{", " ").replace("}", " ").replace("$", " ").split()
            if part.replace(".", "", 1).isdigit()
        ]
        if r"\times" in line and r"\text{ sq m}" in line:
            a, b, stated = numbers
            yield Case(line, "en", abs(a * b - stated) <= 0.00501, a * b, "course")
        elif r"\sqrt{2 \times" in line:
            value = sqrt(2 * 9.81 * (80 if "80" in line else 40))
            yield Case(line, "en", True, value, "course")


def judged(case: Case) -> bool:
    """Whether the case is judged rightly."""
    found = check(case.text, case.language)
    if case.right:
        return bool(found) and all(one.right for one in found)
    wrong = [one for one in found if not one.right]
    return bool(wrong) and any(abs(one.value - case.value) <= 0.006 * max(1.0, abs(case.value)) for one in wrong)


def alarms(paths: list[Path]) -> None:
    """Prints what is found wrong in files."""
    letters, confirmed, wrong = 0, 0, []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix not in (".txt", ".md", ".vtt", ".srt", ".csv", ".rst", ".json") or not file.is_file():
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            letters += len(text)
            for start in range(0, len(text), 100_000):
                found = check(text[start : start + 100_000], "es")
                confirmed += sum(one.right for one in found)
                wrong += [f"  {file.name}: {one.found!r} is {one.value:g}" for one in found if not one.right]
    print(
        f"\n{letters:,} letters of text: {confirmed} calculations right, {len(wrong)} said to be wrong",
        *wrong,
        sep="\n",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--wrong", action="store_true", help="print what is judged wrongly")
    parser.add_argument(
        "--text", type=Path, nargs="*", default=[], help="look for false alarms in these files and folders"
    )
    arguments = parser.parse_args()
    start = time.process_time()
    good: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for case in [*generated(arguments.count, arguments.seed), *of_the_course()]:
        names = (
            ("course",)
            if case.kind == "course"
            else ("right ones" if case.right else "wrong ones", case.language, f"  {case.kind}")
        )
        hit = judged(case)
        for name in names:
            total[name] += 1
            good[name] += hit
        if not hit and arguments.wrong:
            print("MISSED", case, [(one.found, one.value, one.right) for one in check(case.text, case.language)])
    print(f"{'':<14}{'cases':>6}{'judged rightly':>16}")
    for name in ("right ones", "wrong ones", "es", "en", *sorted(n for n in total if n.startswith("  ")), "course"):
        if total[name]:
            print(f"{name:<14}{total[name]:>6}{good[name]:>10} {good[name] / total[name]:.3f}")
    both = sum(good[name] for name in ("right ones", "wrong ones"))
    print(f"{'generated':<14}{arguments.count:>6}{both:>10} {both / arguments.count:.3f}   wanted: 0.98")
    false = [(text, one) for language, text in NO_SUMS for one in check(text, language) if not one.right]
    print(
        f"no calculations: {len(NO_SUMS)}, false alarms: {len(false)}",
        *(f"  {t} -> {o.found}" for t, o in false),
        sep="\n",
    )
    print(f"processor time {time.process_time() - start:.1f} s")
    if arguments.text:
        alarms(arguments.text)


if __name__ == "__main__":
    main()
