"""The pictures of the web page in docs/web: the sample archive, served, and looked at with Chromium.

python recipes/sample/pages.py ARCHIVE docs/web        (NAME.jpg; with --png also NAME.png, to look at)
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

QUALITY = 80
WIDE, PHONE = (1280, 800), (390, 844)  # px
SHOWN = 60  # s that a recording may take to show its picture
SETTLED = 1000  # ms until nothing turns or fades any more
QUESTION = "¿Qué oportunidades se han presentado relacionadas con el coche de hidrógeno?"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"]


@dataclass(frozen=True)
class Shot:
    """One picture: what is done on the page before it is taken, and for whom the page is."""

    name: str
    act: Callable[[Page], None]
    size: tuple[int, int] = WIDE
    locale: str = "es-ES"
    dark: bool = False


def answer(page: Page) -> None:
    """The merged answer, and the recording at the second of a citation."""
    asked(page, QUESTION)
    page.locator(".merged .sentence button").first.click()
    playing(page)


def see(page: Page) -> None:
    """Slides that show what the words say."""
    page.goto("/see")
    page.get_by_role("searchbox").fill("un gráfico con resultados")
    page.get_by_role("searchbox").press("Enter")
    page.locator("#wall .frame").first.wait_for()


def talk(page: Page) -> None:
    """A talk in the middle of it."""
    page.goto("/talks")
    page.locator(".cards a", has_text="Pueblos de montaña").first.click()
    page.wait_for_url("**/talks/*")
    page.goto(f"{page.url.split('?')[0]}?t=70")
    playing(page)


def phone(page: Page) -> None:
    """The answer on a phone."""
    asked(page, "¿Cuáles son los retos más importantes a los que se enfrenta el aragonés como lengua?")


def english(page: Page) -> None:
    """An answer in English."""
    asked(page, "What opportunities are there for Teruel in aeronautics?")


SHOTS = (
    Shot("answer", answer),
    Shot("see", see),
    Shot("talk", talk, dark=True),
    Shot("phone", phone, size=PHONE),
    Shot("english", english, locale="en-GB", dark=True),
)


def asked(page: Page, question: str) -> None:
    """Asks, and waits for the whole answer."""
    page.goto("/")
    page.get_by_role("searchbox").fill(question)
    page.get_by_role("searchbox").press("Enter")
    page.locator(".by-talk").first.wait_for()


def playing(page: Page) -> None:
    """Waits until the player shows its picture, and stops it there."""
    end = time.monotonic() + SHOWN
    while not page.evaluate("document.querySelector('video').readyState >= 2"):
        if time.monotonic() > end:
            sys.exit(f"the recording does not play within {SHOWN} s; does Chromium play H.264?")
        time.sleep(0.1)
    page.evaluate("document.querySelector('video').pause()")


def taken(browser: Browser, shot: Shot, address: str) -> Image.Image:
    """The picture, once nothing is loading any more."""
    width, height = shot.size
    context = browser.new_context(
        base_url=address, locale=shot.locale, viewport={"width": width, "height": height},
        color_scheme="dark" if shot.dark else "light", reduced_motion="reduce", has_touch=shot.size == PHONE,
        is_mobile=shot.size == PHONE,
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(90_000)
    shot.act(page)
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return picture


@contextmanager
def served(archive: Path) -> Iterator[str]:
    """`ateneo serve` over the archive; gives its address."""
    command = [sys.executable, "-m", "ateneo", "--archive", str(archive), "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = next((found for line in process.stderr if (found := re.search(r"http://\S+/", line))), None)
        if said is None:
            sys.exit(f"cannot serve {archive}; make it with: make demo")
        yield said.group()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--png", action="store_true")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with served(given.archive) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for shot in SHOTS:
            picture = taken(browser, shot, address)
            picture.save(given.folder / f"{shot.name}.jpg", quality=QUALITY, optimize=True, progressive=True)
            if given.png:
                picture.save(given.folder / f"{shot.name}.png")
        browser.close()


if __name__ == "__main__":
    main()
