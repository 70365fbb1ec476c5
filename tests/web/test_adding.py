"""Adding by the page: uploads, jobs and their progress, stopping, trying again, and what a crash leaves."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from ateneo import Archive
from ateneo.web.jobs import Jobs
from tests.conftest import write_video, write_vtt
from tests.web.conftest import client_of, serving

ENDED = ("done", "failed", "cancelled")


def until(look: Callable[[], Any], *, seconds: float = 120.0) -> Any:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
    return found


def job(client: TestClient | httpx2.Client, job_id: str) -> dict[str, Any]:
    found = client.get("/api/jobs").json()["jobs"]
    return next(dict(one) for one in found if one["id"] == job_id)


def ended(client: TestClient | httpx2.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = until(lambda: (one := job(client, job_id))["state"] in ENDED and one)
    return found


def drop(client: TestClient | httpx2.Client, *files: Path) -> str:
    """Uploads the files and starts their job; its id."""
    upload = client.post("/api/uploads").json()["upload"]
    for file in files:
        assert client.put(f"/api/uploads/{upload}/{file.name}", content=file.read_bytes()).status_code == 201
    answer = client.post("/api/jobs", json={"upload": upload})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    return write_vtt(tmp_path / "azafran.es.vtt", ["El azafrán de Teruel florece en octubre.", "Se recoge a mano."])


def test_dropped_files_become_one_talk_that_is_found(archive: Path, captions: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "azafran.mp4", ["AZAFRAN"], seconds=8.0)
    with client_of(archive) as client:
        done = ended(client, drop(client, video, captions))
        assert (done["state"], [item["state"] for item in done["items"]]) == ("done", ["done"])
        assert client.get("/api/search", params={"words": "azafrán"}).json()["hits"][0]["talk"]["id"] == "azafran"
        assert client.get("/api/talks/azafran/playing").json()["state"] == "ready"
        assert client.get("/api/talks/azafran/recording").content == video.read_bytes()
    assert Archive(archive).source("azafran").startswith(str(archive / "recordings"))


def test_a_recording_that_is_there_already_is_not_kept_twice(ready: Path, archive: Path) -> None:
    with client_of(archive) as client:
        done = ended(client, drop(client, ready.parent / "hidrogeno.mp4"))
        item = done["items"][0]
        assert (done["state"], item["state"], item["talk"]) == ("done", "duplicate", "2018-03-14-coches-de-hidrogeno")
    assert not list((archive / "recordings").glob("*/*"))
    assert (ready.parent / "hidrogeno.mp4").exists()


def test_a_folder_on_the_server_is_added_with_what_cannot_be_read_named(
    archive: Path, captions: Path, tmp_path: Path
) -> None:
    (tmp_path / "rota.mp4").write_bytes(b"no video")
    with client_of(archive) as client:
        answer = client.post("/api/jobs", json={"folder": str(tmp_path / "rota.mp4"), "language": "es"})
        failed = ended(client, answer.json()["id"])
        assert (failed["state"], failed["items"][0]["state"]) == ("failed", "failed")
        assert "rota.mp4" in failed["items"][0]["problems"][0]
        assert failed["paths"] == ["rota.mp4"]


def test_a_failed_job_is_tried_again(archive: Path, captions: Path, tmp_path: Path) -> None:
    place = tmp_path / "later"
    place.mkdir()
    with client_of(archive) as client:
        job_id = client.post("/api/jobs", json={"folder": str(place)}).json()["id"]
        assert ended(client, job_id)["state"] == "failed"
        captions.rename(place / captions.name)
        client.post(f"/api/jobs/{job_id}/retry")
        assert ended(client, job_id)["state"] == "done"


def test_a_job_that_many_change_at_once_is_saved_as_it_is_last(archive: Path, tmp_path: Path) -> None:
    async def change() -> str:
        jobs = Jobs(archive)
        job = await jobs.add([str(tmp_path)])
        await asyncio.gather(*((jobs.retry if n % 2 else jobs.cancel)(job.id) for n in range(60)))
        return jobs.jobs[job.id].state

    state = asyncio.run(change())
    [name] = Archive(archive).storage.names("jobs")
    assert json.loads((archive / "jobs" / name).read_text(encoding="utf-8"))["state"] == state


def test_a_waiting_job_is_cancelled_and_a_running_one_stops(archive: Path, tmp_path: Path) -> None:
    long = write_video(tmp_path / "larga.mp4", [f"TEXTO {n}" for n in range(40)], seconds=2.0)
    with client_of(archive) as client:
        running, waiting = drop(client, long), drop(client, long)
        until(lambda: job(client, running)["state"] == "running" and job(client, running)["items"])
        for job_id in (waiting, running):
            assert client.post(f"/api/jobs/{job_id}/cancel").json()["state"] == "cancelled"
        until(lambda: client.app.app.state.site.jobs.running is None)  # type: ignore[union-attr]
        assert {job(client, one)["state"] for one in (running, waiting)} == {"cancelled"}
        with Archive(archive, wait=10).storage.lock(wait=10):
            pass  # whoever was stopped holds it no longer


def test_progress_is_told_as_it_happens(archive: Path, captions: Path) -> None:
    with serving(archive) as place, httpx2.Client(base_url=place, timeout=60) as client:
        job_id = drop(client, captions)
        states, stages = [], set()
        with client.stream("GET", "/api/jobs/events") as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    one = next(one for one in json.loads(line[6:])["jobs"] if one["id"] == job_id)
                    states.append(one["state"])
                    stages |= {item["stage"] for item in one["items"]}
                    if one["state"] in ENDED:
                        break
        assert states[-1] == "done"
        assert "running" in states
        assert "index" in stages


def test_a_job_that_a_crash_interrupted_goes_on(archive: Path, captions: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SERVER, str(archive)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        job_id = drop(client, write_video(tmp_path / "larga.mp4", ["UNO", "DOS", "TRES"], seconds=3.0), captions)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    with client_of(archive) as client:
        assert ended(client, job_id)["state"] == "done"
        assert {"azafran", "larga"} <= {talk["id"] for talk in client.get("/api/talks").json()["talks"]}


_SERVER = """
import socket, sys, uvicorn
from pathlib import Path
from ateneo.web.app import make_app
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(make_app(Path(sys.argv[1])), log_level="error")).run(sockets=[listening])
"""


def test_while_another_program_writes_the_job_waits_and_then_goes_on(archive: Path, captions: Path) -> None:
    with client_of(archive) as client:
        with Archive(archive).storage.lock():
            job_id = drop(client, captions)
            until(lambda: job(client, job_id)["items"])
            time.sleep(1.0)
            assert job(client, job_id)["state"] == "running"
        assert ended(client, job_id)["state"] == "done"


def test_only_the_newest_jobs_are_kept(archive: Path, tmp_path: Path) -> None:
    (archive / "jobs").mkdir()
    for n in range(40):
        old = {"id": f"2020010{n:02d}-000000-aaaaaa", "paths": [], "made": "2020-01-01T00:00:00+00:00", "state": "done"}
        (archive / "jobs" / f"{old['id']}.json").write_text(json.dumps(old))
    with client_of(archive) as client:
        job_id = client.post("/api/jobs", json={"folder": str(tmp_path)}).json()["id"]
        ended(client, job_id)
        until(lambda: len(list((archive / "jobs").glob("*.json"))) == 30)
        assert job(client, job_id)["state"] == "failed"
