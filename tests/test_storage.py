"""The storage: whole writes, one writer, nothing left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from ateneo.archive.storage import LocalStorage
from ateneo.errors import ArchiveError, ArchiveLocked


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
