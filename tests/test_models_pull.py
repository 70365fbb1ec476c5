"""`ateneo models list|pull|use|remove` against a hub on loopback, through huggingface_hub itself."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from ateneo import Archive
from ateneo.engines.onnx_text import OnnxText
from tests.conftest import COMMAND, write_vtt
from tests.small_hub import Hub, Shelf, serving
from tests.tiny_models import SAID, clip_folder, encoder_folder

Run = Callable[..., subprocess.CompletedProcess[str]]
MEAN = {"pooling_mode_mean_tokens": True}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two encoders and a CLIP as their authors publish them."""
    folder = tmp_path_factory.mktemp("published")
    encoder_folder(folder / "multilingual-e5-tiny", pooling=MEAN)
    (folder / "multilingual-e5-tiny/pytorch_model.bin").write_bytes(b"not needed" * 1000)
    (folder / "multilingual-e5-tiny/LICENSE").write_text("MIT License")
    shutil.copytree(folder / "multilingual-e5-tiny", folder / "other")
    file = folder / "other/onnx/model.onnx"
    model = onnx.load(file)
    model.graph.doc_string = "other weights"
    for weights in model.graph.initializer:
        if weights.name.endswith("word_embeddings.weight"):
            weights.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(weights), weights.name))
    onnx.save_model(model, file, save_as_external_data=True, location="model.onnx_data", size_threshold=1024)
    clip_folder(folder / "clip", quantize=True)
    return folder


@pytest.fixture
def hub(made: Path) -> Iterator[Hub]:
    names = {"org/multilingual-e5-tiny": "multilingual-e5-tiny", "org/other": "other", "org/clip": "clip"}
    with serving(Hub({name: Shelf(made / folder) for name, folder in names.items()})) as hub:
        yield hub


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Of a machine of its own that knows this hub alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ATENEO_", "HF_"))}
    ours = {"HF_ENDPOINT": hub.address, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hf")}
    return kept | ours | {"HF_HUB_DISABLE_XET": "1"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """The command, in the archive of the test."""

    def run(*arguments: str | Path, **further: str) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, "--archive", tmp_path / "archive", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment | further)

    return run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of two talks."""
    for name, said in (("abejas", SAID[:1]), ("trenes", SAID[1:2])):
        write_vtt(tmp_path / f"{name}.es.vtt", said)
    Archive(tmp_path / "archive").add([tmp_path / "abejas.es.vtt", tmp_path / "trenes.es.vtt"], isolated=False)
    return tmp_path / "archive"


def pulled(tmp_path: Path) -> dict[str, dict[str, object]]:
    """The cards of the models on this machine."""
    cards = [json.loads(path.read_text()) for path in (tmp_path / "cache/ateneo/models").glob("*/*/ateneo.json")]
    return {card["name"]: card for card in cards}


def listed(run: Run) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(run("models", "list", "--json").stdout)["models"]}


def spaces(archive: Path) -> list[str]:
    return sorted(path.name for path in (archive / "cache/vectors").iterdir())


def test_a_pulled_model_gives_the_vectors_of_the_published_one(run: Run, hub: Hub, made: Path) -> None:
    ended = run("models", "pull", "org/multilingual-e5-tiny")
    assert (ended.returncode, ended.stderr.split("\n")[1]) == (
        0, "use it in an archive with `ateneo models use org/multilingual-e5-tiny`"
    )  # fmt: skip
    folder = Path(ended.stdout.strip())
    np.testing.assert_array_equal(OnnxText(folder).embed(SAID), OnnxText(made / "multilingual-e5-tiny").embed(SAID))
    assert "pytorch_model.bin" not in hub.fetched()
    assert (folder / "LICENSE").read_text() == "MIT License"
    row = listed(run)["org/multilingual-e5-tiny"]
    assert (row["state"], row["kind"], row["licence"], row["dimensions"]) == ("pulled", "text", "mit", 32)
    assert row["revision"] == hub.shelves["org/multilingual-e5-tiny"].revision


def test_what_is_here_is_not_fetched_again(run: Run, hub: Hub) -> None:
    run("models", "pull", "org/other")
    assert "onnx/model.onnx_data" in hub.fetched()
    before = len(hub.asked)
    again = run("models", "pull", f"org/other@{hub.shelves['org/other'].revision}")
    assert (again.returncode, len(hub.asked)) == (0, before)


def test_a_killed_pull_goes_on_with_the_file_it_was_at(
    run: Run, hub: Hub, environment: dict[str, str], tmp_path: Path
) -> None:
    hub.stalls.add("onnx/model.onnx_data")
    command = [COMMAND, "models", "pull", "org/other"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert hub.half_sent.wait(60)
        until(lambda: list((tmp_path / "cache").rglob("onnx/model.onnx")))
        process.send_signal(signal.SIGKILL)
    half = list((tmp_path / "cache").rglob("*.incomplete"))
    assert (len(half), pulled(tmp_path)) == (1, {})
    hub.stalls.clear()
    hub.go.set()
    hub.asked.clear()
    assert run("models", "pull", "org/other").returncode == 0
    assert hub.fetched() == ["onnx/model.onnx_data"]
    assert "org/other" in pulled(tmp_path)
    assert not half[0].exists()


def test_a_clip_is_pulled_whole_or_with_weights_of_8_bits(run: Run, hub: Hub, tmp_path: Path) -> None:
    assert run("models", "pull", "org/clip").returncode == 0
    assert not any("quantized" in name for name in hub.fetched())
    whole = pulled(tmp_path)["org/clip"]
    assert (whole["kind"], whole["dimensions"], whole["quantized"]) == ("pictures", 24, False)
    assert run("models", "pull", "org/clip", "--quantized").returncode == 0
    assert sorted(n for n in hub.fetched() if "quantized" in n) == [
        "onnx/text_model_quantized.onnx", "onnx/vision_model_quantized.onnx"
    ]  # fmt: skip
    row = listed(run)["org/clip"]
    assert (row["engine"], row["about"], row["state"]) == ("onnx-clip:org/clip", "weights of 8 bits", "pulled")


def test_another_text_model_embeds_again_and_going_back_costs_nothing(run: Run, archive: Path) -> None:
    [ours] = spaces(archive)
    run("models", "pull", "org/multilingual-e5-tiny")
    told = run("models", "use", "org/multilingual-e5-tiny").stderr
    assert 'text_engine = "onnx:org/multilingual-e5-tiny"' in told
    assert "2 talks to embed: `ateneo reindex` does it" in told
    assert run("reindex").returncode == 0
    [theirs] = set(spaces(archive)) - {ours}
    assert theirs.startswith("org--multilingual-e5-tiny@")
    found = json.loads(run("search", "abejas", "--json").stdout)["hits"]
    assert found[0]["text"] == SAID[0]
    kept = {path: path.stat().st_mtime_ns for path in (archive / "cache/vectors").rglob("*.npy")}
    back = run("models", "use", "sentences", "--now")
    assert "nothing to embed, 2 talks embedded before" in back.stderr
    assert {path: path.stat().st_mtime_ns for path in (archive / "cache/vectors").rglob("*.npy")} == kept
    assert Archive(archive).index.spaces() == [ours]
    assert Archive(archive).search("making honey").hits[0].text == SAID[0]


def test_vectors_of_a_model_no_longer_used_go(run: Run, archive: Path) -> None:
    for name in ("org/multilingual-e5-tiny", "org/other"):
        run("models", "pull", name)
        run("models", "use", name, "--now")
    assert [name.partition("@")[0] for name in spaces(archive)] == ["org--multilingual-e5-tiny", "org--other"]
    assert listed(run)["org/other"]["used"] is True


def test_a_folder_is_used_without_a_hub(run: Run, archive: Path, made: Path) -> None:
    ended = run("models", "use", made / "multilingual-e5-tiny", "--now", HF_ENDPOINT="http://127.0.0.1:9")
    assert (ended.returncode, f'"onnx:{made / "multilingual-e5-tiny"}"' in ended.stderr) == (0, True)
    assert "pictures are found by their text alone" in run("models", "use", made / "clip").stderr
    rows = listed(run).values()
    assert [(row["kind"], row["state"]) for row in rows if row["used"]] == [("text", "folder"), ("pictures", "folder")]
    settings = Archive(archive).settings
    assert settings.picture_engine == f"onnx-clip:{made / 'clip'}"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["org/absent"], "has no such model"),
        (["org/clip@v9"], "knows org/clip but not its revision v9"),
        (["org/gated"], "accept its terms"),
        (["org/torch"], "holds no ONNX model that is known here; look on the hub for its ONNX export"),
        (["org/multilingual-e5-tiny", "--quantized"], "pull it without --quantized"),
        (["org/huge"], "MB are free"),
        (["org/unknown"], "--pooling"),
        (["no-org"], "named ORG/NAME"),
    ],
)
def test_what_cannot_be_pulled_is_told_in_one_line(
    run: Run, hub: Hub, made: Path, tmp_path: Path, arguments: list[str], why: str
) -> None:
    for name in ("torch", "unknown"):
        shutil.copytree(made / "multilingual-e5-tiny", tmp_path / name)
    (tmp_path / "torch/onnx/model.onnx").unlink()
    shutil.rmtree(tmp_path / "unknown/1_Pooling")
    hub.shelves |= {"org/torch": Shelf(tmp_path / "torch"), "org/unknown": Shelf(tmp_path / "unknown")}
    hub.shelves["org/gated"] = Shelf(made / "clip", gated=True)
    hub.shelves["org/huge"] = Shelf(made / "clip", sizes={"onnx/text_model.onnx": 10**15})
    ended = run("models", "pull", *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert why in ended.stderr
    assert pulled(tmp_path) == {}


def test_no_network_is_told_in_one_line(run: Run) -> None:
    ended = run("models", "pull", "org/clip", HF_ENDPOINT="http://127.0.0.1:9")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no connection to http://127.0.0.1:9" in ended.stderr
    offline = run("models", "pull", "org/clip", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in offline.stderr


def test_a_person_says_what_no_file_says(run: Run, hub: Hub, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "multilingual-e5-tiny", tmp_path / "unknown")
    shutil.rmtree(tmp_path / "unknown/1_Pooling")
    hub.shelves["org/unknown"] = Shelf(tmp_path / "unknown", licence=None)
    assert run("models", "pull", "org/unknown", "--pooling", "mean", "--query", "query: ").returncode == 0
    card = pulled(tmp_path)["org/unknown"]
    assert (card["pooling"], card["query"], card["licence"]) == ("mean", "query: ", "not stated")
    assert "one of mean" in run("models", "pull", "org/unknown", "--pooling", "mode").stderr


def test_a_model_that_is_not_here_is_named_with_the_way_to_get_it(run: Run, archive: Path) -> None:
    ended = run("models", "use", "multilingual-e5-small")
    assert (ended.returncode, "`ateneo models pull multilingual-e5-small`" in ended.stderr) == (2, True)
    Archive(archive).choose("text_engine", "onnx:org/gone")
    assert "get it with `ateneo models pull org/gone`" in run("search", "abejas").stderr
    rows = {row["name"]: row for row in json.loads(run("doctor", "--json").stdout)["models"]}
    assert (rows["org/gone"]["ok"], rows["org/gone"]["get"]) == (False, "ateneo models pull org/gone")


def test_a_pulled_model_is_removed_and_seen_by_the_doctor(run: Run, tmp_path: Path) -> None:
    run("models", "pull", "org/clip")
    rows = {row["name"]: row for row in json.loads(run("doctor", "--json").stdout)["models"]}
    assert rows["org/clip"]["detail"] == "pictures, 24 numbers, mit"
    assert "removed org/clip@" in run("models", "remove", "org/clip").stderr
    assert not list((tmp_path / "cache/ateneo/models").iterdir())
    assert "no model named org/clip was pulled" in run("models", "remove", "org/clip").stderr


def until(there: Callable[[], object], *, seconds: float = 30) -> None:
    """Waits for it."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
