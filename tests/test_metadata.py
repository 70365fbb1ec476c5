"""What is known of a talk from the files around it and the tags inside it."""

import json
from pathlib import Path

import pytest

from ateneo.ingest import metadata

HEAD = "Fichero;Título;Ponentes;Fecha;Número;Idioma\n"


def test_without_metadata_the_title_is_the_name_without_its_language(tmp_path: Path) -> None:
    assert metadata.read(tmp_path / "El hidrógeno.es-419.vtt").title == "El hidrógeno"
    assert metadata.read(tmp_path / "Part.1.mp4").title == "Part.1"


def test_a_table_goes_before_info_json_and_that_before_tags(tmp_path: Path) -> None:
    (tmp_path / "talks.csv").write_text("file,title\nuno.mp4,De la tabla\n")
    told = {"title": "De la red", "uploader": "Ana Ruiz", "upload_date": "20171025", "webpage_url": "https://e.org/1"}
    (tmp_path / "uno.info.json").write_text(json.dumps(told))
    found = metadata.read(tmp_path / "uno.mp4", tags={"title": "De dentro", "artist": "Otra", "comment": "Una nota"})
    assert (found.title, found.speakers, found.date) == ("De la tabla", ("Ana Ruiz",), "2017-10-25")
    assert (found.description, found.url, found.warnings) == ("Una nota", "https://e.org/1", ())


def test_a_spanish_table_in_the_encoding_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    row = 'año.mp4;El coche, de hidrógeno;"Ana Ruiz; Íñigo Peña";26/10/22;007;español\n'
    (tmp_path / "talks.csv").write_text(HEAD + row, encoding="cp1252")
    found = metadata.read(tmp_path / "año.mp4")
    assert (found.title, found.speakers) == ("El coche, de hidrógeno", ("Ana Ruiz", "Íñigo Peña"))
    assert (found.date, found.number, found.language, found.warnings) == ("2022-10-26", "007", "es", ())


@pytest.mark.parametrize("name", ["charla.mp4", "charla", "./charla.mp4", "CHARLA.MP4"])
def test_a_row_names_its_file_by_name_or_stem(tmp_path: Path, name: str) -> None:
    (tmp_path / "talks.csv").write_text(f"file,title\n{name},Título\n")
    assert metadata.read(tmp_path / "charla.mp4").title == "Título"
    assert metadata.read(tmp_path / "charla.es.vtt").title == "Título"
    assert metadata.read(tmp_path / "charla.2.mp4").title == "charla.2"


def test_a_table_above_tells_of_a_file_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "2017").mkdir()
    (tmp_path / "talks.csv").write_text("file,title\n2017/uno.mp4,De 2017\nuno.mp4,De otro\n")
    assert metadata.read(tmp_path / "2017" / "uno.mp4").title == "De 2017"


def test_bad_cells_cost_a_warning_with_file_and_line_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "talks.csv").write_text(HEAD + "uno.mp4;Uno;Ana;31/02/2020;4;klingon\n")
    found = metadata.read(tmp_path / "uno.mp4")
    assert (found.title, found.speakers, found.number, found.date, found.language) == ("Uno", ("Ana",), "4", None, None)
    assert [f"{tmp_path / 'talks.csv'}, line 2" in line for line in found.warnings] == [True, True]


def test_a_separator_that_nobody_quoted_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "talks.csv").write_text(HEAD + "uno.mp4;Uno;Ana Ruiz; Juan Gil;25/10/2017;1;es\n")
    found = metadata.read(tmp_path / "uno.mp4")
    assert (found.speakers, found.date, found.number, found.language) == (
        ("Ana Ruiz", "Juan Gil"),
        "2017-10-25",
        "1",
        "es",
    )
    assert len(found.warnings) == 1
    assert "line 2: more cells than columns" in found.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "- file: uno.mp4\n  title: Uno\n  speakers: [Ana, Luis]\n  date: 2017-10-25\n  number: 007\n",
        "talks:\n- fichero: uno\n  título: Uno\n  ponentes: Ana; Luis\n  fecha: 25/10/2017\n  número: '007'\n",
        "uno.mp4:\n  title: Uno\n  speakers: [Ana, Luis]\n  date: 20171025\n  number: 007\n",
    ],
)
def test_yaml_tables_of_three_kinds_say_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "talks.yaml").write_text(text)
    found = metadata.read(tmp_path / "uno.mp4")
    assert (found.title, found.speakers, found.date, found.number) == ("Uno", ("Ana", "Luis"), "2017-10-25", "007")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("talks.csv", "título;fecha\nUno;2017\n"),
        ("talks.csv", ""),
        ("talks.yaml", "uno.mp4:\n  title: a: b\n"),
        ("talks.yaml", "[" * 5000),
        ("talks.yml", "only text"),
        ("uno.info.json", '{"title": '),
    ],
)
def test_a_broken_file_costs_at_most_one_warning_that_names_it(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    found = metadata.read(tmp_path / "uno.mp4")
    assert found.title == "uno"
    assert [str(tmp_path / name) in line for line in found.warnings] == ([True] if content else [])


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2017-10-25", "2017-10-25"),
        ("25/10/2017", "2017-10-25"),
        ("20171025", "2017-10-25"),
        ("26/10/22", "2022-10-26"),
        ("10/25/2017", "2017-10-25"),
        ("2017-10-25T10:00:00Z", "2017-10-25"),
        ("Miércoles, 25 de octubre de 2017", "2017-10-25"),
        ("October 25th, 2017", "2017-10-25"),
        ("2017", "2017"),
        ("2017-10", "2017-10"),
        ("31/02/2020", None),
        ("99999999", None),
        ("mañana", None),
    ],
)
def test_dates_in_many_forms_become_iso_8601(written: str, date: str | None) -> None:
    assert metadata.parse_date(written) == date
