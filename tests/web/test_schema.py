"""Whatever fits the description, and much that does not, is answered without a fault of the server's own."""

import contextlib
import shutil
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error

from ateneo.web.access import Rules
from ateneo.web.app import make_app

ENDLESS = "/api/jobs/events"  # a stream that does not end by itself
COSTLY = "/api/draw/events"  # each request of which that is fit begins a process that draws; test_drawing.py has it
EXAMPLES = 8  # of each operation
CALM = settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck))  # fmt: skip


@pytest.fixture(scope="module")
def description(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> schemathesis.BaseSchema:
    folder = tmp_path_factory.mktemp("schema")
    archive = Path(shutil.copytree(ready, folder / "archive"))
    application = make_app(archive, Rules(names=None, folders=(folder / "nothing",)))
    found = schemathesis.openapi.from_asgi("/api/openapi.json", application)
    return found.exclude(path=ENDLESS).exclude(path=COSTLY)


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_request_makes_the_server_fail(
    description: schemathesis.BaseSchema, mode: schemathesis.GenerationMode
) -> None:
    statuses: dict[str, set[int]] = {}

    def check(case: schemathesis.Case) -> None:
        answer = case.call()
        case.validate_response(answer, checks=[not_a_server_error])
        statuses.setdefault(case.operation.label, set()).add(answer.status_code)
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"status", "type", "message"}, answer.text

    for found in description.get_all_operations():
        with contextlib.suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            CALM(given(case=found.ok().as_strategy(generation_mode=mode))(check))()
    assert len(statuses) >= 15
    common = 200 if mode is schemathesis.GenerationMode.POSITIVE else 422
    assert any(common in seen for seen in statuses.values())
