"""Whatever fits the description, and much that does not, is answered without a fault of the server's own."""

import shutil
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from ateneo.web.access import Rules
from ateneo.web.app import make_app

ENDLESS = "/api/jobs/events"  # a stream that does not end by itself


@pytest.fixture(scope="module")
def description(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> schemathesis.BaseSchema:
    folder = tmp_path_factory.mktemp("schema")
    archive = Path(shutil.copytree(ready, folder / "archive"))
    application = make_app(archive, Rules(names=None, folders=(folder / "nothing",)))
    return schemathesis.openapi.from_asgi("/api/openapi.json", application).exclude(path=ENDLESS)


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
          suppress_health_check=list(HealthCheck))  # fmt: skip
def test_no_request_makes_the_server_fail(case: schemathesis.Case) -> None:
    answer = case.call()
    case.validate_response(answer, checks=[not_a_server_error])
    if answer.status_code >= 400:
        assert set(answer.json()["error"]) == {"status", "type", "message"}
