"""`ateneo serve` under load: 50 users for two minutes, while a talk is added, and killed in the middle.

Each user asks or searches every 5 s on average, half of them also watch a recording at 500 kbit/s. Users and server run
on this machine, the users in a process of their own. Prints the percentiles of the times, errors, the server's memory,
and what was confirmed before `kill -9` and is there after it. With --browser, also what the first page costs there.

    python benchmarks/serve.py [--users 50] [--seconds 120] [--archive DIR] [--browser]
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.conftest import SAMPLE, write_video, write_vtt

PAUSE = 5.0  # s between two questions of a user, on average
RATE = 500_000 / 8  # bytes a second of a watched recording
PIECE = 4.0  # s of recording that a player fetches at a time
ASKS = 0.3  # share of the questions that want an answer; the others search
QUESTIONS = (
    "¿Qué oportunidades ofrece el coche de hidrógeno?", "¿Qué retos tiene el aragonés?", "hidrógeno", "batería",
    "montaña y clima", "What does a static test need?", "aeropuerto de Teruel", "¿Cómo se guarda el viento?",
    "virtual patients", "empleo en la transición", "estrellas", "escuela", "reciclar aviones", "¿Quién fue Velázquez?",
)  # fmt: skip

SEEN = """window.seen = {moved: 0, largest: 0};
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type, buffered: true});
watch("layout-shift", (entry) => (seen.moved += entry.value));
watch("largest-contentful-paint", (entry) => (seen.largest = entry.startTime));"""


@dataclass
class Load:
    """What the users saw: kind → seconds of each request; errors; seconds that watchers waited too long."""

    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    late: int = 0

    def note(self, kind: str, began: float) -> None:
        self.times.setdefault(kind, []).append(time.perf_counter() - began)

    def line(self, name: str) -> str:
        parts = [
            f"{kind} n={len(seconds)} p50={1000 * np.percentile(seconds, 50):.0f} "
            f"p95={1000 * np.percentile(seconds, 95):.0f} max={1000 * max(seconds):.0f} ms"
            for kind, seconds in sorted(self.times.items())
        ]
        return f"{name}: {'; '.join(parts)}; errors {len(self.errors)}; watchers late {self.late} times"


@contextlib.contextmanager
def server(archive: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`ateneo serve` and its address, ready to answer."""
    command = [str(Path(sys.executable).with_name("ateneo")), "--archive", str(archive), "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = next(m.group() for line in process.stderr if (m := re.search(r"http://\S+/", line)))
    httpx2.get(f"{address}api/ask", params={"question": QUESTIONS[0]}, timeout=120).raise_for_status()
    try:
        yield address, process
    finally:
        process.kill()
        process.wait()


async def crowd(
    address: str, users: int, seconds: float, *more: Callable[[httpx2.AsyncClient], Awaitable[None]]
) -> Load:
    """Lets users ask and watch for so long; `more` runs beside them and is stopped with them."""
    load = Load()
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=200)
    async with httpx2.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
        talks = [talk["id"] for talk in (await client.get("/api/talks")).json()["talks"]]
        chance = random.Random(7)
        tasks = [asyncio.create_task(asker(client, load, random.Random(n))) for n in range(users)]
        tasks += [asyncio.create_task(watcher(client, load, chance.choice(talks))) for _ in range(users // 2)]
        tasks += [asyncio.create_task(one(client)) for one in more]  # type: ignore[arg-type]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                load.errors.append(repr(ended))
    return load


async def asker(client: httpx2.AsyncClient, load: Load, chance: random.Random) -> None:
    """A user with questions."""
    while True:
        await asyncio.sleep(chance.expovariate(1 / PAUSE))
        question, asks = chance.choice(QUESTIONS), chance.random() < ASKS
        place, given = ("/api/ask", {"question": question}) if asks else ("/api/search", {"words": question})
        began = time.perf_counter()
        await noted(client.get(place, params=given), load, "ask" if asks else "search", began)


async def watcher(client: httpx2.AsyncClient, load: Load, talk: str) -> None:
    """A player: the recording from somewhere, piece by piece, at its pace, again from the start at its end."""
    at, place = 0, f"/api/talks/{talk}/recording"
    while True:
        began = time.perf_counter()
        size = int(RATE * PIECE)
        answer = await noted(
            client.get(place, headers={"Range": f"bytes={at}-{at + size - 1}"}), load, "piece", began, expected=206
        )
        at += size
        if answer and at >= int(answer.headers["content-range"].rpartition("/")[2]):
            at = 0
        spent = time.perf_counter() - began
        load.late += spent > PIECE
        await asyncio.sleep(max(0.0, PIECE - spent))


async def noted(
    call: Awaitable[httpx2.Response], load: Load, kind: str, began: float, *, expected: int = 200
) -> httpx2.Response | None:
    """The answer of a request, its time noted; None for an error, which is noted too."""
    try:
        answer = await call
    except httpx2.HTTPError as error:
        load.errors.append(f"{kind}: {error!r}")
        return None
    load.note(kind, began)
    if answer.status_code != expected:
        load.errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        return None
    return answer


async def adder(client: httpx2.AsyncClient, folder: Path) -> None:
    """Adds recordings by the page, one after the other."""
    for n in range(1000):
        texts = [f"DIAPOSITIVA {n} {k}\nAZAFRAN DE TERUEL" for k in range(8)]
        video = await asyncio.to_thread(write_video, folder / f"nueva-{n}.mp4", texts, seconds=4.0)
        captions = write_vtt(
            folder / f"nueva-{n}.es.vtt", [f"Esta es la frase {k} de la charla {n}." for k in range(8)]
        )
        upload = (await client.post("/api/uploads")).json()["upload"]
        for file in (video, captions):
            (await client.put(f"/api/uploads/{upload}/{file.name}", content=file.read_bytes())).raise_for_status()
        job = (await client.post("/api/jobs", json={"upload": upload})).json()["id"]
        state = "waiting"
        while state in ("waiting", "running"):
            await asyncio.sleep(1)
            state = next(j["state"] for j in (await client.get("/api/jobs")).json()["jobs"] if j["id"] == job)
        print(f"  added nueva-{n}: {state}", flush=True)


def memory(process: subprocess.Popen[str]) -> float:
    """Resident megabytes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


async def killed(archive: Path, users: int, seconds: float) -> str:
    """Corrects a title again and again under load, kills the server, starts it, and looks at what is there."""
    confirmed = [0]

    async def corrector(client: httpx2.AsyncClient) -> None:
        talk = (await client.get("/api/talks")).json()["talks"][0]["id"]
        for n in range(1, 10**6):
            answer = await client.patch(f"/api/talks/{talk}", json={"number": str(n)})
            confirmed[0] = n if answer.status_code == 200 else confirmed[0]

    async def killer(client: httpx2.AsyncClient) -> None:
        await asyncio.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)

    with server(archive) as (address, process):
        await crowd(address, users, seconds + 1, corrector, killer)
    with server(archive) as (address, _):
        kept = httpx2.get(f"{address}api/talks", timeout=60).json()["talks"][0]["number"]
        found = httpx2.get(f"{address}api/search", params={"words": "hidrógeno"}, timeout=60).json()["hits"]
    return f"kill -9 under load: correction {confirmed[0]} was confirmed, {kept} is found, a search finds {len(found)}"


def first_page(address: str) -> str:
    """What the first page costs a browser: bytes, time to ready, movement of the layout."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        rows = []
        for _ in range(5):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            sizes: list[float] = []
            session = page.context.new_cdp_session(page)
            session.send("Network.enable")
            session.on("Network.loadingFinished", lambda event, to=sizes: to.append(event["encodedDataLength"]))
            page.add_init_script(SEEN)
            page.goto(address, wait_until="networkidle")
            seen = page.evaluate("seen")
            ready = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
            rows.append((sum(sizes) / 1000, len(sizes), ready, seen["largest"], seen["moved"]))
            page.context.close()
        browser.close()
    size, files, ready, largest, moved = min(rows, key=lambda row: row[2])
    times = f"ready after {ready:.0f} ms, largest paint at {largest:.0f} ms"
    return f"first page, best of 5: {size:.0f} kB in {files} files, {times}, layout shift {moved:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--archive", type=Path, help="an archive to copy; else one is made of the sample talks")
    parser.add_argument("--browser", action="store_true", help="measure the first page in Chromium too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive"
        if given.archive:
            shutil.copytree(given.archive, archive)
        else:
            from ateneo import Archive

            Archive(archive).add(SAMPLE)
        other = Path(shutil.copytree(archive, Path(folder) / "other"))
        print(f"load of this machine before: {os.getloadavg()[0]:.1f}; {given.users} users, {given.seconds:.0f} s each")
        with server(archive) as (address, process):
            if given.browser:
                print(first_page(address))
            before = memory(process)
            print((quiet := asyncio.run(crowd(address, given.users, given.seconds))).line("asking and watching"))
            middle = memory(process)
            more = Path(folder) / "new"
            more.mkdir()
            busy = asyncio.run(crowd(address, given.users, given.seconds, lambda client: adder(client, more)))
            print(busy.line("while talks are added"))
            sizes = (before, middle, memory(process))
            print("memory in MB before, after the first part, at the end: " + ", ".join(f"{one:.0f}" for one in sizes))
        print(asyncio.run(killed(other, given.users, min(20.0, given.seconds))))
        for error in sorted(set(quiet.errors + busy.errors))[:10]:
            print("error:", error)


if __name__ == "__main__":
    main()
