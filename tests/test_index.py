"""What every index must do. Another implementation joins by one more entry in `OPENERS`."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ateneo.archive.index import Index, IndexDamaged
from ateneo.archive.local_index import LocalIndex
from ateneo.errors import ArchiveLocked, InputError
from ateneo.records import Cue, Frame, Kind, Passage, Talk

Opener = Callable[[Path], Index]
OPENERS: dict[str, Opener] = {"local": lambda folder: LocalIndex(folder, wait=0.2)}


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


@pytest.fixture
def index(opener: Opener, tmp_path: Path) -> Index:
    return opener(tmp_path / "index")


def vector(*numbers: float) -> NDArray[np.float32]:
    whole = np.array(numbers, dtype=np.float32)
    return whole / np.linalg.norm(whole)


def passage(
    talk: str, text: str, *, kind: Kind = "speech", language: str = "es", space: str = "", at: tuple[float, ...] = ()
) -> Passage:
    about = Talk(talk, f"Charla {talk}", ("Ana Peña",), f"2024-0{len(talk)}-01", str(len(talk)), "es")
    source = "speech" if kind == "frame" else kind
    return Passage(about, 1.0, 9.0, language, source, (Cue(1.0, 9.0, text),), {space: vector(*at)} if space else {})


def ids(found: list) -> list[str]:
    return [one.talk.id for one in found]


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.words("hola") == []
    assert index.near(vector(1, 0), space="s") == []
    assert (index.spaces(), index.states(), index.size()) == ([], {}, 0)


def test_a_passage_comes_back_as_it_was_put_in(index: Index) -> None:
    index.upsert("a", [passage("a", "El coche de hidrógeno.")], state="s1")
    [found] = index.words("hidrógeno")
    assert found.talk == passage("a", "").talk
    assert (found.kind, found.start, found.end, found.language) == ("speech", 1.0, 9.0, "es")
    assert found.sentences == (Cue(1.0, 9.0, "El coche de hidrógeno."),)
    assert index.states() == {"a": "s1"}


def test_an_upsert_takes_the_place_of_the_talk(index: Index) -> None:
    index.upsert("a", [passage("a", "uno"), passage("a", "dos")], state="old")
    index.upsert("a", [passage("a", "tres")], state="new")
    assert (index.words("uno"), ids(index.words("tres")), index.size()) == ([], ["a"], 1)
    assert index.states() == {"a": "new"}


def test_a_removed_talk_is_gone_and_removing_it_again_is_no_error(index: Index) -> None:
    index.upsert("a", [passage("a", "uno", space="s", at=(1, 0))])
    index.remove("a")
    index.remove("a")
    assert (index.words("uno"), index.near(vector(1, 0), space="s"), index.spaces()) == ([], [], [])


def test_another_reader_sees_an_upsert_after_refresh(opener: Opener, tmp_path: Path) -> None:
    writer, reader = opener(tmp_path / "index"), opener(tmp_path / "index")
    writer.upsert("a", [passage("a", "uno")])
    reader.refresh()
    assert ids(reader.words("uno")) == ["a"]


def test_accents_and_capitals_find_the_same_and_enye_is_its_own_letter(index: Index) -> None:
    index.upsert("a", [passage("a", "España, este año, habló de AERONÁUTICA.")])
    index.upsert("bb", [passage("bb", "Un ano no es otra cosa.")])
    assert ids(index.words("aeronautica")) == ids(index.words("Aeronáutica")) == ["a"]
    assert ids(index.words("espana")) == ["a"]
    assert ids(index.words("año"))[0] == "a"
    assert ids(index.words("ano"))[0] == "bb"


@pytest.mark.parametrize("query", ['"', "AND OR NOT", "a:b -c +d", "\\", "🚗", "", "  ", "de la", "x" * 9000, "\0"])
def test_any_query_is_taken(index: Index, query: str) -> None:
    index.upsert("a", [passage("a", "el coche de la casa")])
    assert set(ids(index.words(query))) <= {"a"}


def test_the_best_match_comes_first_and_limit_holds(index: Index) -> None:
    for n, text in enumerate(["coche", "coche de hidrógeno", "coche eléctrico de hidrógeno verde con pila"]):
        index.upsert("x" * (n + 1), [passage("x" * (n + 1), text)])
    assert ids(index.words("coche de hidrógeno"))[0] == "xx"
    assert len(index.words("coche", limit=2)) == 2


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"talk": "a"}, ["a"]),
        ({"talk": ["a", "bb"]}, ["a", "bb"]),
        ({"not_talk": "a"}, ["bb", "ccc"]),
        ({"not_talk": ["a", "bb"]}, ["ccc"]),
        ({"speaker": "PENA"}, ["a", "bb", "ccc"]),
        ({"speaker": "peña luis"}, []),
        ({"since": "2024-02-01"}, ["bb", "ccc"]),
        ({"until": "2024-02"}, ["a", "bb"]),
        ({"since": "2024", "until": "2024"}, ["a", "bb", "ccc"]),
        ({"number": 3}, ["ccc"]),
        ({"language": "en"}, ["ccc"]),
        ({"language": "es"}, ["a", "bb"]),
        ({"talk": None}, ["a", "bb", "ccc"]),
    ],
)
def test_where_narrows_words_and_vectors_alike(index: Index, where: dict, expected: list[str]) -> None:
    index.upsert("a", [passage("a", "coche", space="s", at=(1, 0))])
    index.upsert("bb", [passage("bb", "coche", language="es-MX", space="s", at=(1, 0))])
    index.upsert("ccc", [passage("ccc", "coche", language="en", space="s", at=(1, 0))])
    assert sorted(ids(index.words("coche", where=where))) == expected
    assert sorted(ids(index.near(vector(1, 0), space="s", where=where))) == expected


def test_an_unknown_key_of_where_is_named(index: Index) -> None:
    with pytest.raises(InputError, match="colour"):
        index.words("coche", where={"colour": "red"})


def test_kinds_are_kept_apart(index: Index) -> None:
    frames = [Frame(2.0, 4.0, "frames/2.jpg", "coche")]
    kinds: tuple[Kind, ...] = ("speech", "slide", "summary")
    index.upsert("a", [passage("a", "coche", kind=kind) for kind in kinds], frames, vectors=[{"p": vector(0, 1)}])
    assert {one.kind for one in index.words("coche")} == set(kinds)
    [found] = index.words("coche", kinds=("frame",))
    assert found.frame == frames[0]
    assert [one.frame for one in index.near(vector(0, 1), space="p", kinds=("frame",))] == frames


def test_the_index_knows_which_languages_it_holds(index: Index) -> None:
    index.upsert("a", [passage("a", "coche", language="es-MX")])
    index.upsert("bb", [passage("bb", "car", language="en")])
    assert [index.speaks(language) for language in ("es", "es-MX", "en", "fr")] == [True, True, True, False]
    index.remove("bb")
    assert not index.speaks("en")


def test_vectors_of_one_space_never_meet_another(index: Index) -> None:
    index.upsert("a", [passage("a", "uno", space="one@1", at=(1, 0))])
    index.upsert("bb", [passage("bb", "dos", space="two@1", at=(1, 0, 0))])
    assert index.spaces() == ["one@1", "two@1"]
    assert ids(index.near(vector(1, 0), space="one@1")) == ["a"]
    with pytest.raises(InputError, match="one@1"):
        index.near(vector(1, 0, 0), space="one@1")


def test_the_nearest_vector_comes_first_over_many_commits(index: Index) -> None:
    for n in range(40):
        talk = f"t{n:02}"
        index.upsert(talk, [passage(talk, "x", space="s", at=(1.0, n / 10))])
    found = index.near(vector(1.0, 2.0), space="s", limit=3)
    assert found[0].talk.id == "t20"
    assert found[0].score == pytest.approx(1.0, abs=1e-3)


def test_an_upsert_without_vectors_takes_the_old_vectors_away(index: Index) -> None:
    index.upsert("a", [passage("a", "uno", space="s", at=(1, 0))])
    index.upsert("a", [passage("a", "uno")])
    assert (index.near(vector(1, 0), space="s"), index.spaces()) == ([], [])


def test_a_batch_commits_at_its_end_also_when_it_breaks_off(index: Index) -> None:
    def broken_off() -> None:
        with index.batch(every=100):
            index.upsert("a", [passage("a", "uno")])
            index.upsert("bb", [passage("bb", "dos")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert sorted(index.states()) == ["a", "bb"]


def test_a_second_writer_is_refused_while_the_first_one_lives(opener: Opener, tmp_path: Path) -> None:
    one, other = opener(tmp_path / "index"), opener(tmp_path / "index")
    with one.batch(), pytest.raises(ArchiveLocked, match="writing"):
        other.upsert("a", [passage("a", "uno")])
    other.upsert("a", [passage("a", "uno")])
    assert sorted(other.states()) == ["a"]


def test_passages_of_another_talk_are_refused(index: Index) -> None:
    with pytest.raises(InputError, match="another talk"):
        index.upsert("a", [passage("bb", "uno")])


WRITER = """
import sys
from pathlib import Path
from ateneo.archive.local_index import LocalIndex
from ateneo.records import Cue, Passage, Talk
index = LocalIndex(Path(sys.argv[1]))
print("ready", flush=True)
with index.batch(every=2):
    for n in range(100_000):
        talk = Talk(f"t{n}", "x")
        index.upsert(talk.id, [Passage(talk, 0, 1, "es", "speech", (Cue(0, 1, "uno dos tres"),)) for _ in range(3)])
"""


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2, 0.5])
def test_a_writer_killed_at_any_moment_leaves_an_index_that_opens(tmp_path: Path, delay: float) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "index")], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    with writer.stdout as output:
        output.readline()
    time.sleep(delay)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    index = LocalIndex(tmp_path / "index", wait=1.0)
    assert index.size() == 3 * len(index.states())
    index.upsert("a", [passage("a", "cuatro")])
    assert ids(index.words("cuatro")) == ["a"]


@pytest.mark.parametrize("name", ["words/meta.json", "format"])
def test_a_damaged_index_says_how_to_make_it_again(tmp_path: Path, name: str) -> None:
    LocalIndex(tmp_path).upsert("a", [passage("a", "uno")])
    (tmp_path / name).write_text("0")
    with pytest.raises(IndexDamaged, match="ateneo reindex"):
        LocalIndex(tmp_path)


def test_missing_files_of_the_index_are_damage_too(tmp_path: Path) -> None:
    LocalIndex(tmp_path).upsert("a", [passage("a", "uno")])
    for path in (tmp_path / "words").glob("*"):
        if path.suffix in (".store", ".idx", ".term"):
            path.unlink()
    with pytest.raises(IndexDamaged, match="ateneo reindex"):
        LocalIndex(tmp_path).words("uno")


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: bytes(len(b)), lambda b: b[: len(b) // 2]])
def test_whatever_is_damaged_nothing_but_index_damaged_comes_out(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    LocalIndex(tmp_path / "good").upsert("a", [passage("a", "uno dos")])
    for n, path in enumerate(sorted((tmp_path / "good" / "words").iterdir())):
        broken = tmp_path / str(n)
        shutil.copytree(tmp_path / "good", broken)
        (broken / "words" / path.name).write_bytes(damage(path.read_bytes()))
        with contextlib.suppress(IndexDamaged):
            index = LocalIndex(broken)
            assert set(ids(index.words("uno"))) <= {"a"}
            assert index.states() in ({}, {"a": ""})
