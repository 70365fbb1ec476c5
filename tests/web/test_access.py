"""Who comes in: password, token, sessions, reading only, and requests that come from other sites."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ateneo import InputError
from ateneo.web.access import LOCAL, Access, Rules, TooManyTries, hashed
from ateneo.web.serve import lines, rules_for
from tests.web.conftest import client_of

SECRET = "correcto caballo batería"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(password=hashed(SECRET), token="token-of-the-programs", names=None)


def test_a_password_is_kept_as_its_hash_alone() -> None:
    assert hashed(SECRET).startswith("$argon2id$")
    assert hashed(hashed(SECRET)).count("$argon2id$") == 1
    assert SECRET not in repr(Rules(password=hashed(SECRET)))


def test_without_logging_in_programs_get_401_and_people_the_form(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        answer = client.get("/api/talks")
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "not_logged_in")
        page = client.get("/talks?year=2018", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Ftalks%3Fyear%3D2018")
        assert client.get("/login").status_code == 200


def test_the_password_opens_a_session_whose_cookie_scripts_cannot_read(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        answer = client.post("/login?next=/talks", data={"password": SECRET})
        assert answer.headers["location"] == "/talks"
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=lax"))
        assert client.get("/api/talks").status_code == 200
        client.post("/logout")
        assert client.get("/api/talks").status_code == 401


def test_behind_https_the_cookie_is_secure(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        client.base_url = "https://charlas.example"
        assert "Secure" in client.post("/login", data={"password": SECRET}).headers["set-cookie"]


def test_a_wrong_password_is_told_so_and_after_five_has_to_wait(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules) as client:
        answers = [client.post("/login", data={"password": "no"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) <= 61
        assert client.post("/login", data={"password": SECRET}).status_code == 429


def test_a_wrong_token_in_the_address_is_tried_so_often_alone(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        answers = [client.get("/", params={"token": "no"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [303] * 5 + [429]
        assert answers[-1].json()["error"]["type"] == "too_many_tries"


def test_tries_of_one_address_do_not_keep_out_another(rules: Rules) -> None:
    access = Access(rules)
    for _ in range(5):
        assert access.log_in("no", address="10.0.0.1") is None
    with pytest.raises(TooManyTries):
        access.log_in(SECRET, address="10.0.0.1")
    assert access.knows(access.log_in(SECRET, address="10.0.0.2"))


def test_programs_send_the_token(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules) as client:
        for given, status in (("Bearer token-of-the-programs", 200), ("Bearer other", 401), ("Basic dXNlcg==", 401),
                              ("Bearer ", 401), ("token-of-the-programs", 401)):  # fmt: skip
            assert client.get("/api/talks", headers={"Authorization": given}).status_code == status, given


def test_the_address_with_the_token_logs_in_and_forgets_it(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        answer = client.get("/see?token=token-of-the-programs")
        assert (answer.status_code, answer.headers["location"]) == (303, "/see")
        assert client.get("/see").status_code == 200


def test_forged_cookies_are_nobody(ready: Path, rules: Rules) -> None:
    with client_of(ready, rules) as client:
        for cookie in ("ateneo=1", "ateneo=", "ateneo=" + "a" * 43, 'ateneo="; ateneo=x', "=;=;"):
            assert client.get("/api/talks", headers={"Cookie": cookie}).status_code == 401, cookie


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\n"]
)
def test_logging_in_never_leads_to_another_site(ready: Path, rules: Rules, place: str) -> None:
    with client_of(ready, rules, follow_redirects=False) as client:
        answer = client.post("/login", params={"next": place}, data={"password": SECRET})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_reading_only_refuses_every_way_of_writing(ready: Path) -> None:
    with client_of(ready, Rules(read_only=True)) as client:
        described = client.get("/api/openapi.json").json()["paths"]
        writing = [
            (method.upper(), path) for path, methods in described.items() for method in methods if method != "get"
        ]
        reading = ("/api/see", "/api/look", "/v1/chat/completions")
        tried = [(method, path) for method, path in writing if path not in reading]
        assert len(tried) >= 7
        for method, path in tried:
            place = path.format(talk_id="a", language="es", upload="0" * 24, name="a.mp4", job_id="1")
            assert client.request(method, place, json={"text": "", "start": 0}).status_code == 403, (method, path)
        assert client.get("/api/jobs").status_code == 403
        assert "/add" not in client.get("/talks", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                {"Origin": "null"}, {"Origin": "http://localhost:1"}],
)  # fmt: skip
def test_a_form_on_another_site_cannot_write(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "not_allowed")


def test_the_page_itself_can_write(archive: Path) -> None:
    with client_of(archive) as client:
        headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/api/uploads", headers=headers).status_code == 201


def test_a_name_that_somebody_points_at_this_machine_is_refused(client: TestClient) -> None:
    for host, status in (("evil.example", 421), ("evil.example:8765", 421), ("localhost:99", 200), ("[::1]:99", 200),
                         ("127.0.0.1", 200), ("LOCALHOST", 200), ("127.0.0.1.evil.example", 421)):  # fmt: skip
        assert client.get("/api/talks", headers={"Host": host}).status_code == status, host


def test_only_this_machine_needs_no_password() -> None:
    assert not rules_for("127.0.0.1", password=None, token=None).asks
    assert rules_for("127.0.0.1", password=None, token=None).names == LOCAL
    everywhere = rules_for("0.0.0.0", password=None, token=None)
    assert len(everywhere.token or "") >= 32
    assert everywhere.folders == ()
    assert rules_for("127.0.0.1", password=None, token=None, names=["charlas.example"]).token
    assert not rules_for("0.0.0.0", password=None, token=None, read_only=True).asks
    with pytest.raises(InputError, match="password is empty"):
        rules_for("0.0.0.0", password=" ", token=None)


def test_starting_says_where_and_for_whom(ready: Path) -> None:
    from ateneo import Archive

    told = "\n".join(lines(Archive(ready), rules_for("0.0.0.0", password=None, token="abc"), "http://localhost:1/"))
    assert "http://localhost:1/?token=abc" in told
    public = "\n".join(lines(Archive(ready), Rules(read_only=True), "http://localhost:1/"))
    assert "Everybody who reaches this address can read." in public


def test_every_answer_carries_the_rules_for_browsers(client: TestClient) -> None:
    for path in ("/", "/api/talks", "/nothing", "/static/1/dom.js"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cross-origin-resource-policy"]) == (
            "nosniff",
            "same-origin",
        )
