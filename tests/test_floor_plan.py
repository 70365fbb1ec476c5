"""Floor plans without any model: drawn plans read whole, labels of every kind, what is printed and what it comes to."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from ateneo.errors import InputError
from ateneo.looking import look
from ateneo.looking.floor_plan import Box, rooms_of
from benchmarks import floor_plans as benchmark
from tests.conftest import Command


def label(*lines: str, left: float = 0.0, top: float = 0.0, height: float = 20.0) -> list[Box]:
    """Lines of text below one another."""
    return [(left, top + n * height * 1.2, left + 10.0 * len(line), top + n * height * 1.2 + height, line)
            for n, line in enumerate(lines)]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "room"),
    [
        (("COCINA", "3,24 x 3,46 m"), ("COCINA", 3.24, 3.46)),
        (("Living", "Room", "12'6\" x 10'"), ("Living Room", 3.81, 3.048)),
        (("Baño 205 × 271 cm",), ("Baño", 2.05, 2.71)),
        (("Bedroom 2:", "3240mm X 3460mm"), ("Bedroom 2", 3.24, 3.46)),
        (("11 ft 6 in x 9 ft", "Hall"), ("Hall", 3.5052, 2.7432)),
        (("Salón 3.24mx3.46m", "11.21 m²"), ("Salón", 3.24, 3.46)),
        (("Study", "9.5 ft x 10.0 ft"), ("Study", 2.8956, 3.048)),
    ],
)
def test_a_label_says_name_and_measures_in_any_unit(lines: tuple[str, ...], room: tuple[str, float, float]) -> None:
    [found] = rooms_of(label(*lines)).rooms
    assert (found.name, found.width, found.length) == (room[0], pytest.approx(room[1]), pytest.approx(room[2]))
    assert found.area == pytest.approx(room[1] * room[2])


@pytest.mark.parametrize(
    ("sides", "metres"), [("324 x 346", 3.24), ("3240 x 3460", 3.24), ("3.24 x 3.46", 3.24), ("4 x 5", 4.0)]
)
def test_a_unit_that_is_not_written_is_what_the_numbers_can_only_be(sides: str, metres: float) -> None:
    assert rooms_of(label("Hall", sides)).rooms[0].width == pytest.approx(metres)
    both = rooms_of([*label("Hall", "3.24 x 3.46"), *label("Cotas en m", left=400)])
    assert both.rooms[0].width == pytest.approx(3.24)


def test_labels_beside_and_below_each_other_stay_apart() -> None:
    boxes = [*label("Room", "3.24 m x 3.46 m"), *label("Store", "4.37 m x 1.52 m", left=170),
             *label("Entry", "1.56 m x 3.55 m", top=60)]  # fmt: skip
    assert [(room.name, room.width) for room in rooms_of(boxes).rooms] == [
        ("Room", 3.24), ("Store", 4.37), ("Entry", 1.56)]  # fmt: skip


def test_what_is_no_room_makes_none() -> None:
    boxes = [*label("E 1:50"), *label("BH = 700", left=300), *label("12,40", left=600)]
    assert rooms_of(boxes).rooms == ()


def test_a_printed_area_that_is_not_the_product_is_told() -> None:
    boxes = [*label("Patio", "5.53 m x 5.16 m", "28.54 m²"), *label("Store", "4.37 m x 1.52 m", "6.64 m²", left=400)]
    patio, store = rooms_of(boxes).rooms
    assert (patio.agrees, store.agrees) == (False, True)
    assert patio.area == pytest.approx(28.5348)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [1, 5, 7])
def test_drawn_plans_are_read_whole(number: int) -> None:
    plan = benchmark.plans(number + 1, seed=3)[number]
    found = benchmark.read_plan(plan.image).rooms
    assert [room.name for room in plan.rooms if not benchmark.right(room, found)] == []
    assert len(found) == len(plan.rooms)


def test_questions_about_rooms_are_answered_from_the_table(tmp_path: Path) -> None:
    path = tmp_path / "plan.png"
    benchmark.plans(2, seed=3)[1].image.save(path)
    whole = look(path, "How many sq meters has every room in this house?", pictures=None)
    assert whole.answer.startswith("17 rooms; 178.95 m² in all. For Patio the plan says 28.54 m²")
    assert [one.found for one in whole.arithmetic if not one.right] == ["5.53 m x 5.16 m = 28.54 m²"]
    assert look(path, "¿Cuánto mide la cocina?", pictures=None).answer == "Kitchen mide 5.84 m²."
    assert look(path, "What do kitchen and store add up to?", pictures=None).answer == (
        "Kitchen, Store: 5.84 + 6.64 = 12.48 m².")  # fmt: skip
    assert look(path, "¿Cuántos dormitorios hay?", pictures=None).answer.startswith("Hay 4: ")
    assert look(path, "Which room connects kitchen and hall?", pictures=None).tables == ()
    assert "garaje" in look(path, "¿Qué superficie tienen la cocina y el garaje?", pictures=None).answer


def test_the_command_writes_the_table_as_csv_and_the_documented_json(ateneo: Command, tmp_path: Path) -> None:
    benchmark.plans(6, seed=3)[5].image.save(tmp_path / "plan.png")
    given = ("look", tmp_path / "plan.png", "¿metros cuadrados?", "--csv", tmp_path / "rooms.csv", "--json")
    found = json.loads(ateneo(*given).stdout)
    rows = list(csv.reader((tmp_path / "rooms.csv").read_text(encoding="utf-8").splitlines()))
    assert found["tables"] == [rows]
    assert rows[0][0] == "estancia"
    assert {"found", "value", "right"} == set(found["arithmetic"][0])
    Image.new("RGB", (300, 200), "white").save(tmp_path / "empty.png")
    nothing = ateneo("look", tmp_path / "empty.png", "--csv", tmp_path / "none.csv")
    assert (nothing.returncode, "no room with measures" in nothing.stderr) == (2, True)


def test_a_table_is_no_formula_for_a_spreadsheet() -> None:
    from ateneo.looking.plan_answers import to_csv

    assert to_csv([(("room", "area"), ("=cmd()", "-3.5"))]) == "room,area\n'=cmd(),-3.5\n"


def test_a_picture_that_is_no_plan_is_no_table() -> None:
    with pytest.raises(InputError, match="no room with measures"):
        look(Image.new("RGB", (300, 200), "white"), pictures=None, plan=True)
