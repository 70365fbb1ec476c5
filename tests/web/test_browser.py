"""The page in a real browser: each journey as people make it, by mouse, by keyboard, on a phone, in two languages."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import write_video, write_vtt
from tests.web.conftest import HOSTILE, page_of, serious_faults, serving

TALK = "/talks/2018-03-14-coches-de-hidrogeno"
QUESTION = "¿Qué emite la pila de combustible?"
AT_ONCE = 3.0  # s, on a machine that is busy with other tests; docs/benchmarks.md has what it takes
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
PAGES = [
    "/",
    f"/?q={QUESTION}",
    "/?q=¿Quién pintó las Meninas?",
    "/see",
    "/see?q=agua",
    "/look",
    "/draw",
    "/talks",
    TALK,
    "/add",
    "/api",
    "/x",
]


@pytest.fixture(scope="module")
def address(ready: Path) -> Iterator[str]:
    expect.set_options(timeout=20_000)
    with serving(ready) as address:
        assert httpx2.get(f"{address}api/ask", params={"question": QUESTION}, timeout=100).status_code == 200
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with page_of(browser, address) as page:
        yield page


def second(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def becomes(page: Page, expression: str, *, seconds: float = 20.0) -> None:
    """Waits until something is true of the page, of which `video` is the player."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"(() => {{ const video = document.querySelector('video'); return {expression}; }})()"):
        assert time.monotonic() < end, f"it does not become true: {expression}"
        time.sleep(0.05)


def ask(page: Page, question: str) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill(question)
    page.get_by_role("searchbox").press("Enter")


def test_a_citation_plays_its_second_with_the_quote_highlighted(page: Page) -> None:
    ask(page, QUESTION)
    sentence = page.locator(".merged .sentence", has_text="emite agua limpia")
    sentence.get_by_role("button").click()
    becomes(page, "video.currentTime >= 8 && !video.paused")
    assert 8 <= second(page) < 9
    assert "".join(page.locator("mark.quote").all_inner_texts()) == "La pila de combustible emite agua limpia."
    expect(page.locator(".transcript .now")).to_contain_text("emite agua limpia")
    expect(page.get_by_role("complementary").get_by_role("link")).to_have_text("Coches de hidrógeno")


def test_the_answer_comes_at_once_and_talk_by_talk(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.locator(".merged .sentence").first).to_be_visible()
    began = time.monotonic()
    ask(page, "¿Qué mueve el coche?")
    expect(page.locator(".merged .sentence").first).to_be_visible()
    assert time.monotonic() - began < AT_ONCE
    expect(page.locator(".by-talk")).to_contain_text("Coches de hidrógeno. Irene Valdemora, Luis Sanz. 2018-03-14")


def test_where_the_archive_does_not_say_it_is_shown_as_plainly(page: Page) -> None:
    ask(page, "¿Quién pintó las Meninas en 1656?")
    expect(page.locator(".refusal")).to_have_text("El archivo no lo dice.")
    page.go_back()
    expect(page.locator("#answer")).to_be_empty()


def test_hostile_captions_and_titles_are_shown_as_text(page: Page) -> None:
    ask(page, "zorro subtítulos")
    expect(page.locator("#answer")).to_contain_text(HOSTILE)
    expect(page.locator("#answer")).to_contain_text("<img src=x onerror=alert(1)> Seguridad")
    page.locator(".passage", has_text="zorro").first.click()
    expect(page.locator(".player .transcript")).to_contain_text("<script>document.title='owned'</script>")
    expect(page.locator(".cover")).to_contain_text("no está en el servidor")
    assert page.title() == "zorro subtítulos · Ateneo"


def test_slides_are_found_by_words_and_play_from_there(page: Page) -> None:
    page.goto("/see")
    page.get_by_role("searchbox").fill("agua limpia")
    page.get_by_role("searchbox").press("Enter")
    first = page.locator("#wall .frame").first
    first.locator(".show").click()
    becomes(page, "video.currentTime >= 11.5")
    assert second(page) == pytest.approx(12, abs=1)
    first.get_by_role("button", name="Más como esta").click()
    expect(page.locator(".example")).to_contain_text("Más como esta")
    expect(page.locator("#wall .frame").first).to_be_visible()


def test_a_chosen_picture_finds_slides_like_it(page: Page, ready: Path) -> None:
    page.goto("/see")
    slide = next(iter(sorted((ready / TALK.strip("/") / "frames").iterdir())))
    page.locator("#picture").set_input_files(slide)
    expect(page.locator(".example")).to_contain_text("Como tu imagen")
    expect(page.locator("#wall .frame").first).to_be_visible()


def test_a_talks_page_follows_seeks_and_searches(page: Page) -> None:
    page.goto(f"{TALK}?t=9")
    becomes(page, "video.currentTime == 9")
    rows = page.locator("#transcript li")
    expect(page.locator("#transcript .now")).to_contain_text("emite agua limpia")
    rows.nth(4).click()
    becomes(page, "video.currentTime >= 16")
    page.locator("#slides button").nth(1).click()
    becomes(page, "video.currentTime < 14")
    expect(page.locator("#slides button").nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_label("Buscar en esta charla").fill("HIDROGENO")
    expect(page.locator("#found")).to_have_text("1 de 3")
    page.get_by_role("button", name="Resultado siguiente").click()
    expect(page.locator("#transcript .chosen mark.hit")).to_have_text("hidrógeno")
    page.get_by_role("button", name="en", exact=True).click()
    expect(rows.first).to_contain_text("Good afternoon")


def test_the_video_has_captions_in_each_language_and_the_talk_its_downloads(page: Page) -> None:
    page.goto(TALK)
    expect(page.locator("video track")).to_have_count(2)
    tracks = "Array.from(document.querySelectorAll('track'), t => t.track)"
    page.evaluate(f"{tracks}.forEach(t => t.mode = 'hidden')")
    becomes(page, f"{tracks}.every(t => t.cues && t.cues.length >= 3)")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Apuntes (Markdown)").click()
    assert coming.value.path().read_text().startswith("# Coches de hidrógeno")


def test_a_link_leads_to_its_moment(page: Page) -> None:
    page.goto(f"{TALK}?t=20")
    becomes(page, "video.currentTime == 20")
    page.get_by_role("button", name="Copiar un enlace a este momento").click()
    expect(page.get_by_role("status").last).to_be_visible()
    assert page.url.endswith(f"{TALK}?t=20")


def test_the_library_filters_as_one_types(page: Page) -> None:
    page.goto("/talks")
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_label("Palabras").fill("combustible")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_label("Palabras").fill("")
    page.get_by_label("Ponente").select_option("Luis Sanz")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile("speaker=Luis"))
    page.get_by_role("link", name="Quitar los filtros").click()
    expect(page.locator(".card")).to_have_count(2)


def test_the_interface_speaks_both_languages(browser: Browser, address: str) -> None:
    with page_of(browser, address, locale="en-GB") as page:
        page.goto("/talks")
        expect(page.get_by_role("heading", level=1)).to_have_text("Library")
        page.get_by_role("link", name="Español").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Biblioteca")
        assert page.locator("html").get_attribute("lang") == "es"
        ask(page, "Who painted Las Meninas in 1656?")
        expect(page.locator(".refusal")).to_have_text("El archivo no lo dice.")


def test_a_corrected_caption_is_found(browser: Browser, archive: Path) -> None:
    with serving(archive) as address, page_of(browser, address) as page:
        page.goto(TALK)
        page.get_by_role("button", name="Corregir la transcripción").click()
        page.locator("#transcript li").nth(3).click()
        line = page.get_by_role("textbox", name="Corregir la línea de 0:12")
        expect(line).to_be_focused()
        line.fill("Un depósito se llena en un santiamén.")
        line.press("Enter")
        expect(page.locator("#transcript li").nth(3)).to_contain_text("santiamén")
        ask(page, "santiamén")
        expect(page.locator("#answer")).to_contain_text("depósito se llena en un santiamén")


def test_corrected_details_are_shown_everywhere(browser: Browser, archive: Path) -> None:
    with serving(archive) as address, page_of(browser, address, refused=400) as page:
        page.goto(TALK)
        page.get_by_role("button", name="Corregir los datos").click()
        page.get_by_label("Título").fill("Pilas y agua")
        page.get_by_label("Fecha").fill("mañana")
        page.get_by_role("button", name="Guardar").click()
        expect(page.get_by_role("alert")).to_contain_text("no es una fecha")
        page.get_by_label("Fecha").fill("1/2/2019")
        page.get_by_role("button", name="Guardar").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Pilas y agua")
        page.goto("/talks")
        expect(page.locator(".card", has_text="Pilas y agua")).to_contain_text("2019-02-01")


def test_dropped_files_are_watched_to_the_end(browser: Browser, archive: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "azafran.mp4", ["AZAFRAN"], seconds=8.0)
    captions = write_vtt(tmp_path / "azafran.es.vtt", ["El azafrán florece en octubre.", "Se recoge a mano."])
    with serving(archive) as address, page_of(browser, address) as page:
        page.goto("/add")
        page.locator("#files").set_input_files([video, captions])
        item = page.locator("#jobs .items > li")
        expect(item).to_contain_text("azafran.mp4")
        expect(page.locator("#jobs > li")).to_have_attribute("data-state", "done", timeout=90_000)
        assert item.locator("progress").evaluate("bar => bar.value") == 1
        item.get_by_role("link").click()
        expect(page.locator("#transcript")).to_contain_text("El azafrán florece en octubre.")


def test_what_cannot_be_added_says_why(browser: Browser, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "notas.pdf").write_bytes(b"%PDF")
    with serving(archive) as address, page_of(browser, address, refused=422) as page:
        page.goto("/add")
        page.get_by_label("Una carpeta del servidor").fill("/nowhere/at/all")
        with page.expect_response("**/api/jobs"):
            page.get_by_role("button", name="Añadir la carpeta").click()
        expect(page.locator("#problem")).to_contain_text("no existe en el servidor")
    with serving(archive, "--read-only") as address, page_of(browser, address) as page:
        page.goto("/talks")
        expect(page.get_by_role("link", name="Añadir")).to_have_count(0)


def test_a_password_lets_in(browser: Browser, ready: Path) -> None:
    with serving(ready, ATENEO_PASSWORD="abracadabra") as address, page_of(browser, address) as page:
        page.goto("/talks?year=2018")
        page.get_by_label("Contraseña").fill("abracadabra")
        page.get_by_role("button", name="Entrar").click()
        expect(page.locator(".card")).to_have_count(1)
        page.get_by_role("button", name="Salir").click()
        page.goto("/talks")
        assert "/login" in page.url


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Saltar al contenido")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    cite = page.locator(".merged .cite").first
    cite.wait_for()
    while not focused(page, cite):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    becomes(page, "!video.paused && video.currentTime > 0")
    reach(page, ".player button.time[tabindex='0']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    becomes(page, "video.currentTime >= 8")
    page.keyboard.press("Escape")
    expect(page.locator(".player")).to_be_hidden()
    expect(cite).to_be_focused()


def focused(page: Page, place: Locator) -> bool:
    return bool(place.evaluate("element => element === document.activeElement"))


def reach(page: Page, selector: str) -> None:
    """Presses Tab until the element has the focus."""
    page.locator(selector).first.wait_for()
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_is_cut_off(browser: Browser, address: str, path: str) -> None:
    with page_of(browser, address, refused=404 if path == "/x" else 0, **PHONE) as page:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        small = page.evaluate(
            "Array.from(document.querySelectorAll('button, select, input:not([type=file])'))"
            ".filter(e => e.checkVisibility() && e.getClientRects().length).map(e => [e.outerHTML.slice(0, 80),"
            " e.getBoundingClientRect()]).filter(([, r]) => r.height && r.width > 1 && r.height < 16)"
        )
        assert small == []


def test_on_a_phone_the_player_comes_up_over_the_answer(browser: Browser, address: str) -> None:
    with page_of(browser, address, **PHONE) as page:
        ask(page, QUESTION)
        page.locator(".merged .cite").first.tap()
        becomes(page, "video.currentTime > 0")
        box = page.locator(".player").bounding_box()
        assert box
        assert (box["x"], box["width"]) == (0, 390)
        page.get_by_role("button", name="Cerrar").tap()
        expect(page.locator(".player")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_serious_fault(browser: Browser, address: str, path: str, scheme: str) -> None:
    refused = 404 if path == "/x" else 0
    with page_of(browser, address, refused=refused, color_scheme=scheme, reduced_motion="reduce") as page:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        faults = serious_faults(page)
    assert faults == [], json.dumps(faults, indent=1, ensure_ascii=False)


def test_the_first_page_is_light_and_nothing_jumps(browser: Browser, address: str) -> None:
    sizes: list[int] = []
    with page_of(browser, address) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        page.add_init_script(
            "window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(one => moved += one.value))"
            ".observe({type: 'layout-shift', buffered: true})"
        )
        page.goto("/", wait_until="networkidle")
        assert page.evaluate("moved") < 0.02
        assert page.evaluate("performance.getEntriesByType('navigation')[0].transferSize") < 20_000
    assert sum(sizes) < 150_000, sizes


def test_the_page_is_made_of_this_server_alone(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/?q={QUESTION}", wait_until="networkidle")
    page.goto(TALK, wait_until="networkidle")
    assert len(asked) > 10
    assert all(re.match(rf"{re.escape(address)}|blob:|data:", url) for url in asked)
