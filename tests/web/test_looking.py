"""A picture in the web: the document, what is refused, and the page in a real browser, with table, CSV and sums."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from tests.web.conftest import page_of, serving

ROOMS = [
    ("PATIO", "5.53 m x 5.16 m", "28.54 sq m"),
    ("STORE", "4.37 m x 1.52 m", "6.64 sq m"),
    ("HALL", "3.24 m x 3.46 m", ""),
]


def plan() -> bytes:
    """Three rooms in a row, one with an area that is not the product."""
    page = Image.new("RGB", (1200, 420), "white")
    pen = ImageDraw.Draw(page)
    for n, lines in enumerate(ROOMS):
        pen.rectangle((20 + 390 * n, 20, 400 + 390 * n, 400), outline="black", width=6)
        for row, line in enumerate(lines):
            pen.text((210 + 390 * n, 150 + 50 * row), line, fill="black", font_size=34, anchor="mm")
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def address(ready: Path) -> Iterator[str]:
    expect.set_options(timeout=30_000)
    with serving(ready) as address:
        yield address


def test_the_answer_is_the_document_of_the_command(client: TestClient) -> None:
    answer = client.post("/api/look", params={"question": "How many sq meters has every room?"}, content=plan(),
                         headers={"Content-Type": "image/png"})  # fmt: skip
    assert answer.status_code == 200
    found = answer.json()
    assert found["version"] == 1
    assert found["answer"].startswith("3 rooms; 46.39 m² in all. For PATIO the plan says 28.54 sq m")
    assert [row[0] for row in found["tables"][0]] == ["room", "PATIO", "STORE", "HALL", "total"]
    assert [one["right"] for one in found["arithmetic"]] == [False, True, True]


def test_a_photo_is_turned_as_its_camera_says(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter
    file = io.BytesIO()
    Image.open(io.BytesIO(plan())).rotate(90, expand=True).save(file, "JPEG", exif=exif)
    answer = client.post("/api/look", params={"question": "metros cuadrados"}, content=file.getvalue(),
                         headers={"Content-Type": "image/jpeg"})  # fmt: skip
    assert answer.json()["answer"].startswith("3 estancias")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"no picture", "image/png", 415), (plan(), "text/plain", 415), (b"", "image/png", 415)],
)
def test_what_is_no_picture_is_refused(client: TestClient, content: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/look", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_plan_becomes_a_table_a_csv_and_checked_sums(browser: Browser, address: str, tmp_path: Path) -> None:
    (tmp_path / "plan.png").write_bytes(plan())
    with page_of(browser, address) as page:
        page.goto("/look")
        page.get_by_role("searchbox").fill("¿Cuántos metros cuadrados tiene cada estancia?")
        page.locator("#picture").set_input_files(tmp_path / "plan.png")
        expect(page.locator(".said")).to_contain_text("3 estancias; en total 46.39 m².")
        expect(page.locator(".grid tbody tr")).to_have_count(4)
        expect(page.locator(".sums .wrong")).to_have_text("✗ 5.53 m x 5.16 m = 28.54 sq m son 28.5348")
        with page.expect_download() as download:
            page.get_by_role("link", name="Descargar como CSV").click()
        rows = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
        assert [row[0] for row in rows] == ["estancia", "PATIO", "STORE", "HALL", "total"]
        page.get_by_role("searchbox").fill("¿Cuánto mide el patio?")
        page.get_by_role("searchbox").press("Enter")
        expect(page.locator(".said")).to_have_text("PATIO mide 28.53 m².")


def test_a_dropped_picture_is_looked_at_and_what_it_says_is_shown_as_text(browser: Browser, address: str) -> None:
    sign = Image.new("RGB", (900, 160), "white")
    ImageDraw.Draw(sign).text((30, 50), "<b>SALIDA</b>", fill="black", font_size=60)
    file = io.BytesIO()
    sign.save(file, "PNG")
    with page_of(browser, address) as page:
        page.goto("/look")
        page.get_by_role("button", name="Mirar").click()
        expect(page.get_by_role("alert")).to_have_text("Elige primero una imagen.")
        transfer = page.evaluate_handle(
            """bytes => { const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'sign.png', {type: 'image/png'})); return data; }""",
            list(file.getvalue()),
        )
        page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
        expect(page.locator(".said")).to_contain_text("SALIDA")
        assert page.locator(".said b").count() == 0


def test_it_works_on_a_phone(browser: Browser, address: str, tmp_path: Path) -> None:
    (tmp_path / "plan.png").write_bytes(plan())
    with page_of(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, locale="en-GB") as page:
        page.goto("/look")
        page.get_by_role("searchbox").fill("How many square metres has every room?")
        page.locator("#picture").set_input_files(tmp_path / "plan.png")
        expect(page.locator(".said")).to_contain_text("3 rooms")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
