"""A match in sets described: columns of numbers told apart, facts in both languages, claims checked against them."""

from pathlib import Path

import av
import pytest
from PIL import Image, ImageDraw

from ateneo import Archive
from ateneo.describing.claims import Checker
from ateneo.describing.events import events, told
from ateneo.describing.match import Moment, Panel, Period
from ateneo.describing.panel import panel_of
from ateneo.describing.watching import Cell, Reading

THIRD = Period(3, "set")


def cells(*rows: tuple[str, ...]) -> list[Cell]:
    """Two rows of cells; a cell says one text after the other, a second each, "|" between them."""
    return [
        Cell(
            (100 + 60 * n, 20 + 40 * row, 150 + 60 * n, 50 + 40 * row), 30.0, 0,
            [Reading(float(t), text, 1.0) for t, text in enumerate(said.split("|"))],
        )
        for row, texts in enumerate(rows) for n, said in enumerate(texts)
    ]  # fmt: skip


def read(*rows: tuple[str, ...]) -> Panel | None:
    made = cells(*rows)
    return panel_of(made, [reading.time for reading in made[0].readings])


def steady(text: str, seconds: int = 6) -> str:
    return "|".join([text] * seconds)


def test_a_column_for_each_set_and_the_points_of_a_game() -> None:
    panel = read(
        (steady("● NADAL"), steady("6"), steady("3"), "4|4|4|5|5|5", "30|40|40|||"),
        (steady("KERBER"), steady("4"), steady("6"), steady("4"), "15|15|15|||"),
    )
    assert panel is not None
    assert (panel.teams, panel.games) == (("NADAL", "KERBER"), True)
    assert panel.moments[1] == Moment(
        1.0, (4, 4), period=THIRD, points=("40", "15"), won=(1, 1), sets=((6, 4), (3, 6)), server=0
    )
    assert panel.moments[-1].scores == (5, 4)


def test_sets_won_and_the_present_set_alone() -> None:
    panel = read(
        (steady("NADAL"), steady("1"), steady("5"), "40|AD|AD|40|40|40"),
        (steady("KERBER"), steady("0"), steady("5"), "40|||40|AD|AD"),
    )
    assert panel is not None
    assert [m.points for m in panel.moments] == [("40", "40"), ("AD", "40"), ("AD", "40"), ("40", "40"),
                                                 ("40", "AD"), ("40", "AD")]  # fmt: skip
    assert {(m.scores, m.won, m.period) for m in panel.moments} == {((5, 5), (1, 0), Period(2, "set"))}


def test_volleyball_is_told_from_tennis_and_a_set_that_ends_begins_anew() -> None:
    panel = read(
        (steady("TERUEL", 8), "1|1|1|2|2|2|2|2", "23|24|24|25|25|0|0|1"),
        (steady("SORIA", 8), steady("1", 8), "22|22|22|22|22|0|0|0"),
    )
    assert panel is not None
    assert not panel.games
    assert [told(event, panel, "en") for event in events(panel)] == [
        "TERUEL 23–22 SORIA, sets 1–1, 3rd set",
        "TERUEL 24–22 SORIA (TERUEL +1), sets 1–1, 3rd set",
        "3rd set to TERUEL, 25–22, sets 2–1",
        "TERUEL take the lead: TERUEL 1–0 SORIA (TERUEL +1), sets 2–1, 4th set",
        "At the end of the stretch: TERUEL 1–0 SORIA, sets 2–1, 4th set",
    ]


def test_what_stood_there_for_one_look_is_misread() -> None:
    panel = read(
        (steady("NADAL"), steady("1"), steady("5"), "15|15|303|15|30|30"),
        (steady("KERBER"), steady("0"), "5|5|5|6|5|5", steady("0")),
    )
    assert panel is not None
    assert {m.scores for m in panel.moments} == {(5, 5)}
    assert [m.points for m in panel.moments if m.points] == [("15", "0")] * 4 + [("30", "0")] * 2


def test_numbers_that_no_match_in_sets_can_have_are_a_score() -> None:
    panel = read((steady("LAKERS"), "88|88|90|90|91|91", steady("3")), (steady("BULLS"), steady("70"), steady("4")))
    assert panel is not None
    assert not panel.in_sets


def tennis() -> Panel:
    def at(second: float, scores: tuple[int, int], points: tuple[str, str] | None, server: int) -> Moment:
        return Moment(second, scores, period=THIRD, points=points, won=(1, 1), sets=((6, 4), (3, 6)), server=server)

    return Panel(("NADAL", "KERBER"), (at(0, (4, 5), ("30", "40"), 0), at(4, (4, 5), ("40", "40"), 0),
                                      at(8, (4, 5), ("AD", "40"), 0), at(12, (5, 5), None, 1)), games=True)  # fmt: skip


def test_points_and_games_are_told_in_both_languages() -> None:
    panel = tennis()
    found = events(panel)
    assert [event.kind for event in found] == ["opening", "point", "point", "game", "closing"]
    assert told(found[1], panel, "en") == "Deuce: NADAL 4–5 KERBER, sets 1–1, 3rd set, NADAL to serve"
    assert told(found[2], panel, "es") == "Ventaja para NADAL: NADAL 4–5 KERBER, sets 1–1, 3.er set, saca NADAL"
    assert told(found[3], panel, "es") == "Juego para NADAL: NADAL 5–5 KERBER, sets 1–1, 3.er set, saca KERBER"


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (0, "Kerber lead five games to four in the third set!"),
        (0, "30-40, break point for Kerber!"),
        (0, "Set point for Kerber."),
        (0, "It is one set all."),
        (0, "Nadal took the first set 6-4."),
        (4, "Deuce!"),
        (4, "¡Iguales en el tercer set!"),
        (8, "¡Ventaja de Nadal!"),
        (12, "Nadal hold!"),
        (12, "¡Juego para Nadal, 5-5!"),
        (12, "Saca Kerber."),
        (12, "What a rally!"),
    ],
)
def test_what_is_so_of_a_match_in_sets_passes(second: float, sentence: str) -> None:
    language = "es" if any(word in sentence for word in ("¡", "Saca")) else "en"
    assert Checker(tennis(), language).against(sentence, start=second, end=second, evidence=[], exact=True) == ""


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (0, "Nadal lead the set!"),
        (0, "40-15 to Nadal!"),
        (0, "We are in the second set."),
        (0, "Nadal lead two sets to one."),
        (0, "Kerber take the game!"),
        (0, "Kerber to serve."),
        (4, "Advantage Kerber!"),
        (4, "Kerber have won the match!"),
        (8, "¡Iguales!"),
        (8, "¡Bola de break!"),
        (12, "Nadal break!"),
        (12, "¡Set para Nadal!"),
        (12, "¡Juego para Kerber!"),
        (12, "Thirty seconds left in the fourth quarter!"),
        (12, "Federer takes the game!"),
    ],
)
def test_what_is_not_so_of_a_match_in_sets_is_marked(second: float, sentence: str) -> None:
    language = "es" if "¡" in sentence else "en"
    assert Checker(tennis(), language).against(sentence, start=second, end=second, evidence=[], exact=True)


def test_a_match_in_sets_is_read_off_the_screen(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "final.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=4, options={"g": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for n in range(40):
            image = Image.new("RGB", (640, 360), (60, 120, 60))
            draw = ImageDraw.Draw(image)
            draw.rectangle((12 * n, 120, 12 * n + 30, 180), fill="navy")
            points = ("15", "30") if n < 16 else ("30", "30") if n < 28 else ("30", "40")
            for row, cell in enumerate([("NADAL", "6", "2", points[0]), ("KERBER", "4", "3", points[1])]):
                for text, x, width in zip(cell, (40, 190, 236, 282), (148, 44, 44, 60), strict=True):
                    draw.rectangle((x, 270 + 36 * row, x + width, 304 + 36 * row), fill="black")
                    draw.text((x + width / 2, 287 + 36 * row), text, fill="white", font_size=24, anchor="mm")
            container.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode(None))
    archive = Archive(tmp_path / "archive", make=True)
    archive.add(tmp_path / "final.mp4", speech=False)
    assert [(round(fact.second), fact.text) for fact in archive.describe("final", language="en").facts] == [
        (0, "NADAL 2–3 KERBER, points 15–30, sets 1–0, 2nd set"),
        (4, "Point to NADAL, 30–30: NADAL 2–3 KERBER, sets 1–0, 2nd set"),
        (7, "Point to KERBER, 30–40: NADAL 2–3 KERBER, sets 1–0, 2nd set"),
        (10, "At the end of the stretch: NADAL 2–3 KERBER, points 30–40, sets 1–0, 2nd set"),
    ]
