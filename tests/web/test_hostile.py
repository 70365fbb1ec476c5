"""Requests that mean harm: each is refused with the right status, in the one shape of an error."""

import io
import socket
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from ateneo.web import guard
from ateneo.web.access import Rules
from tests.web.conftest import client_of, serving

TALK = "2018-03-14-coches-de-hidrogeno"
PICTURE, JSON = {"Content-Type": "image/png"}, {"Content-Type": "application/json"}
UPLOAD = f"/api/uploads/{'0' * 24}"


def bomb() -> bytes:
    """A PNG of some kilobytes that unpacks to gigabytes."""
    rows = zlib.compress(b"\0" * (1 << 20), 9)
    header = (60_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    body = b"".join(len(d).to_bytes(4, "big") + k + d + zlib.crc32(k + d).to_bytes(4, "big") for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


REQUESTS: list[tuple[str, str, dict[str, Any], int]] = [
    # out of the folder
    ("GET", "/api/talks/..%2f..%2fetc", {}, 404),
    ("GET", "/api/talks/%2e%2e", {}, 422),
    ("GET", f"/api/talks/{TALK}/frames/..%2ftalk.json", {}, 404),
    ("GET", f"/api/talks/{TALK}/frames/talk.json", {}, 422),
    ("GET", f"/api/talks/{TALK}/frames/000000.000.jpg%00.png", {}, 422),
    ("GET", f"/api/talks/{TALK}/captions/..%2f..%2fx.vtt", {}, 404),
    ("GET", f"/api/talks/{TALK}%00", {}, 422),
    ("GET", f"/api/talks/{'a' * 300}", {}, 422),
    ("GET", "/static/1/..%2f..%2fapp.py", {}, 404),
    ("GET", "/static/1/app.py", {}, 404),
    ("GET", "/etc/passwd", {}, 404),
    # ranges
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": "bytes=99999999999-"}}, 416),
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": "bytes=5-2"}}, 416),
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": "bytes=-0"}}, 416),
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": "bytes=-"}}, 416),
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": "lines=1-2"}}, 416),
    ("GET", f"/api/talks/{TALK}/recording", {"headers": {"Range": f"bytes={'9' * 400}-"}}, 416),
    # wrong types and values
    ("GET", "/api/search", {}, 422),
    ("GET", "/api/search", {"params": {"words": ""}}, 422),
    ("GET", "/api/search", {"params": {"words": "a" * 2001}}, 422),
    ("GET", "/api/search", {"params": {"words": "a", "limit": "1e9"}}, 422),
    ("GET", "/api/search", {"params": {"words": "a", "limit": "-1"}}, 422),
    ("GET", "/api/search", {"params": {"words": "a", "since": "'; DROP TABLE"}}, 422),
    ("GET", "/api/ask", {"params": {"question": "a", "threshold": "nan"}}, 422),
    ("GET", "/api/see", {}, 422),
    ("GET", "/api/see", {"params": {"talk": "../x", "frame": "000000.000.jpg"}}, 422),
    ("GET", "/api/see", {"params": {"talk": TALK, "frame": "../../x.jpg"}}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"content": b"{"}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"json": []}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"json": {}}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"json": {"id": "other"}}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"json": {"title": ""}}, 400),
    ("PATCH", f"/api/talks/{TALK}", {"json": {"title": ["a"]}}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"content": b'{"title": "\\ud800"}', "headers": JSON}, 422),
    ("PATCH", f"/api/talks/{TALK}", {"json": {"date": "ayer"}}, 400),
    ("PATCH", f"/api/talks/{TALK}/transcripts/es", {"content": b'{"start": 1e400, "text": "a"}'}, 422),
    ("PATCH", f"/api/talks/{TALK}/transcripts/es", {"json": {"start": 3.3, "text": "a"}}, 400),
    ("PATCH", f"/api/talks/{TALK}/transcripts/es", {"json": {"start": 0, "text": "a" * 5001}}, 422),
    ("PUT", "/api/talks", {}, 405),
    ("TRACE", "/api/talks", {}, 405),
    # uploads
    ("PUT", f"{UPLOAD}/..%2f..%2fx.mp4", {"content": b"a"}, 404),
    ("PUT", f"{UPLOAD}/.htaccess", {"content": b"a"}, 422),
    ("PUT", f"{UPLOAD}/x.php", {"content": b"a"}, 415),
    ("PUT", f"{UPLOAD}/x.mp4.html", {"content": b"a"}, 415),
    ("PUT", f"{UPLOAD}/a%5cb.mp4", {"content": b"a"}, 422),
    ("PUT", f"{UPLOAD}/x.mp4", {"content": b"a"}, 404),
    ("PUT", "/api/uploads/..%2f..%2fx/y.mp4", {"content": b"a"}, 404),
    ("PUT", "/api/uploads/zz/y.mp4", {"content": b"a"}, 422),
    # addresses and places on the server
    ("POST", "/api/jobs", {"json": {"folder": "http://169.254.169.254/latest"}}, 422),
    ("POST", "/api/jobs", {"json": {"folder": "file:///etc"}}, 422),
    ("POST", "/api/jobs", {"json": {"folder": "../.."}}, 422),
    ("POST", "/api/jobs", {"json": {"folder": "/nowhere/at/all"}}, 422),
    ("POST", "/api/jobs", {"json": {"folder": "/a\0b"}}, 422),
    ("POST", "/api/jobs", {"json": {}}, 422),
    ("POST", "/api/jobs", {"json": {"upload": "0" * 24}}, 404),
    ("POST", "/api/jobs/none/cancel", {}, 422),
    ("POST", "/api/jobs/0/retry", {}, 404),
    # pictures
    ("POST", "/api/see", {"content": b"a"}, 415),
    ("POST", "/api/see", {"content": b"a", "headers": PICTURE}, 415),
    ("POST", "/api/see", {"content": b"<svg onload='alert(1)'/>", "headers": {"Content-Type": "image/svg+xml"}}, 415),
    ("POST", "/api/see", {"content": bomb(), "headers": PICTURE}, 413),
    # bodies and headers
    ("POST", "/api/jobs", {"content": b"a" * (guard.LARGEST_BODY + 1)}, 413),
    ("POST", "/api/jobs", {"content": b"a", "headers": {"Content-Length": "99999999999"}}, 413),
    ("POST", "/login", {"content": b"password=" + b"a" * (guard.LARGEST_BODY + 1)}, 413),
    ("GET", "/api/talks", {"headers": {"Host": "evil.example"}}, 421),
    ("GET", "/api/talks", {"headers": {"Host": "localhost/../x"}}, 421),
    ("POST", "/v1/chat/completions", {"json": {"messages": []}}, 422),
    ("POST", "/v1/chat/completions", {"json": {"messages": [{"role": "root", "content": "a"}]}}, 422),
    ("POST", "/v1/chat/completions",
     {"json": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1"}}]}]}},
     422),
    ("POST", "/v1/chat/completions", {"json": {"messages": [{"role": "user", "content": "a" * 2001}]}}, 422),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "given", "status"), REQUESTS)
def test_a_hostile_request_is_refused_in_one_shape(
    client: TestClient, method: str, path: str, given: dict[str, Any], status: int
) -> None:
    answer = client.request(method, path, **given)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"status", "type", "message"}
    assert error["status"] == status
    assert "Traceback" not in answer.text


def test_a_body_without_a_length_is_cut_where_it_grows_too_large(client: TestClient) -> None:
    pieces = (b"a" * 65_536 for _ in range(20))
    answer = client.post("/api/jobs", content=pieces, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "too_large")


def test_an_upload_larger_than_allowed_leaves_nothing_behind(archive: Path) -> None:
    with client_of(archive, Rules(largest=1000)) as client:
        upload = client.post("/api/uploads").json()["upload"]
        assert client.put(f"/api/uploads/{upload}/a.mp4", content=b"a" * 1001).status_code == 413
        pieces = (b"a" * 300 for _ in range(5))
        assert client.put(f"/api/uploads/{upload}/b.mp4", content=pieces).status_code == 413
        assert client.put(f"/api/uploads/{upload}/c.mp4", content=b"").status_code == 422
    assert list((archive / "recordings" / upload).iterdir()) == []


def test_folders_are_only_those_that_were_allowed(archive: Path, tmp_path: Path) -> None:
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    allowed.mkdir()
    other.mkdir()
    (allowed / "way-out").symlink_to(other)
    with client_of(archive, Rules(folders=(allowed,))) as client:
        for place in (other, allowed / ".." / "other", allowed / "way-out", Path("/etc")):
            assert client.post("/api/jobs", json={"folder": str(place)}).status_code == 403, place
        assert client.post("/api/jobs", json={"folder": str(allowed)}).status_code == 202


def test_a_small_picture_is_taken_and_its_size_is_not_trusted(client: TestClient) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "WEBP")
    answer = client.post("/api/see", content=picture.getvalue(), headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200


def test_raw_headers_cannot_be_injected_nor_come_for_ever(ready: Path) -> None:
    def raw(address: tuple[str, int], content: bytes) -> bytes:
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(content)
            return connection.recv(65_536)

    with serving(ready) as place:
        address = ("127.0.0.1", int(place.rstrip("/").rsplit(":", 1)[1]))
        injected = raw(address, b"GET /language/es?next=/a%0d%0aSet-Cookie:%20x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"303" in injected.split(b"\r\n")[0]
        assert b"x=1" not in injected
        assert b" 400 " in raw(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n").split(b"\r\n")[0]
        assert b" 400 " in raw(address, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000).split(b"\r\n")[0]
        assert b" 404 " in raw(address, b"GET /api/talks/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 400 " in raw(address, b"\x16\x03\x01 not http\r\n\r\n").split(b"\r\n")[0]
        smuggled = (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        assert raw(address, smuggled).split(b" ")[1] in (b"400", b"405")
