"""The storage: whole writes, one writer, nothing left behind."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ateneo.archive.storage import LocalStorage, beside
from ateneo.errors import ArchiveError, ArchiveLocked

WRITING = """
import sys, time
from pathlib import Path
from ateneo.archive.storage import beside
part = beside(Path(sys.argv[1]))
part.write_bytes(b"in the making")
print(part, flush=True)
time.sleep(60)
"""


def test_what_is_written_is_read_back_and_listed(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("talks/a/talk.json", b"one")
    storage.write("talks/a/talk.json", b"two")
    assert storage.read("talks/a/talk.json") == b"two"
    assert storage.names("talks") == ["a"]
    assert storage.names("nowhere") == []


def test_hidden_and_unfinished_files_are_not_listed_and_swept(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("talks/a/talk.json", b"one")
    unfinished = tmp_path / "talks/a/.talk.json.part"
    unfinished.write_bytes(b"tw")
    (tmp_path / "talks/.removed-x/b").mkdir(parents=True)
    assert storage.names("talks/a") == ["talk.json"]
    storage.sweep()
    assert not unfinished.exists()
    assert not (tmp_path / "talks/.removed-x").exists()
    assert storage.read("talks/a/talk.json") == b"one"


def test_what_a_living_server_is_writing_is_not_swept(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "talks").mkdir()
    ours, target = beside(tmp_path / "jobs/a.json"), tmp_path / "jobs/b.json"
    ours.write_bytes(b"in the making")
    locked = beside(tmp_path / "talks/a.json")  # whoever sweeps holds the lock: nobody else writes here
    locked.write_bytes(b"in the making")
    command = [sys.executable, "-c", WRITING, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        theirs = Path(writer.stdout.readline().strip())
        LocalStorage(tmp_path).sweep()
        assert ours.exists()
        assert theirs.exists()
        assert not locked.exists()
        writer.kill()
    LocalStorage(tmp_path).sweep()
    assert ours.exists()
    assert not theirs.exists()


def test_writers_of_one_file_never_meet(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: storage.write("jobs/a.json", bytes([n]) * 9), range(200)))
    assert storage.read("jobs/a.json") in {bytes([n]) * 9 for n in range(200)}
    assert storage.names("jobs") == [p.name for p in (tmp_path / "jobs").iterdir()] == ["a.json"]


def test_a_folder_is_removed_whole_and_an_absent_one_is_no_error(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.write("talks/a/frames/1.jpg", b"x")
    storage.remove("talks/a")
    storage.remove("talks/a")
    assert list((tmp_path / "talks").iterdir()) == []


def test_a_write_that_fails_says_which_file_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "talks").write_text("a file where a folder should be")
    with pytest.raises(ArchiveError, match=r"cannot write .*talk\.json: .*; check that the folder"):
        LocalStorage(tmp_path).write("talks/a/talk.json", b"x")


def test_a_second_writer_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    holder = (
        "import sys, time, pathlib; from ateneo.archive.storage import LocalStorage\n"
        "with LocalStorage(pathlib.Path(sys.argv[1])).lock():\n print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(ArchiveLocked, match="another ateneo is writing"), LocalStorage(tmp_path).lock():
        pass
    process.kill()
    process.communicate()
    with LocalStorage(tmp_path).lock():
        assert (tmp_path / ".lock").exists()
