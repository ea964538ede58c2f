"""Files that two processes write at once: whole for every reader, one writer at a time."""

import os
import subprocess
import sys
import threading

import filelock
import pytest

from llmops_lab._atomic import locked, write_atomically
from llmops_lab.errors import LabError
from tests.conftest import ROOT


def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_part(tmp_path):
    path = tmp_path / "golden.jsonl"
    texts = [bytes([65 + i]) * 200_000 for i in range(3)]
    write_atomically(path, texts[0])
    done, seen = threading.Event(), set()

    def read():
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(60):
        write_atomically(path, texts[i % 3])
    done.set()
    reader.join()
    assert seen <= set(texts)
    assert os.listdir(tmp_path) == ["golden.jsonl"]  # noqa: PTH208


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == mode


def test_a_file_keeps_its_rights_and_a_link_stays_a_link(tmp_path):
    file, link = tmp_path / "kept" / "golden.jsonl", tmp_path / "link.jsonl"
    file.parent.mkdir()
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "golden.jsonl"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


COUNT = """
import sys
from pathlib import Path
from llmops_lab._atomic import locked, write_atomically
path = Path(sys.argv[1])
for _ in range(25):
    with locked(path):
        write_atomically(path, str(int(path.read_text()) + 1).encode())
"""


def test_of_processes_that_add_at_once_none_loses_anything_under_any_name(tmp_path):
    path, link = tmp_path / "n", tmp_path / "link"
    path.write_text("0")
    link.symlink_to(path)
    adding = [
        subprocess.Popen([sys.executable, "-c", COUNT, str(name)], cwd=ROOT)
        for name in (path, link, path)
    ]
    assert [process.wait() for process in adding] == [0, 0, 0]
    assert path.read_text() == "75"
    assert sorted(os.listdir(tmp_path)) == ["link", "n"]  # noqa: PTH208 — and no lock


def test_a_lock_that_another_holds_too_long_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "golden.jsonl"
    held = pytest.raises(LabError, match=r"golden\.jsonl is being written by another")
    with locked(path), held, locked(path, timeout_s=0.05):
        pass
    with locked(path, timeout_s=0.05):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_file_is_removed_and_of_those_who_waited_for_it_one_at_a_time_holds_it(
    tmp_path,
):
    """A lock that is removed at the end can be held twice: on the old file and on a new one."""
    inside, most, turns = [], [], []

    def take_turns():
        for _ in range(40):
            with locked(tmp_path / "n"):
                inside.append(1)
                most.append(len(inside))
                turns.append(len(list(tmp_path.iterdir())))
                inside.pop()

    threads = [threading.Thread(target=take_turns) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert (len(turns), set(turns)) == (240, {1})
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_a_killed_process_left_is_taken_over_and_removed(tmp_path):
    (tmp_path / ".n.lock").touch()
    with locked(tmp_path / "n"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_not_the_lock(tmp_path, monkeypatch):
    """The holder before us removes the file between our opening and our locking it."""
    removed = []

    class Waited(filelock.FileLock):
        def __enter__(self):
            super().__enter__()
            if not removed:
                removed.append(self.lock_file)
                os.unlink(self.lock_file)  # noqa: PTH108
            return self

    monkeypatch.setattr(filelock, "FileLock", Waited)
    with locked(tmp_path / "n"):
        assert removed == [str(tmp_path / ".n.lock")]
        assert (tmp_path / ".n.lock").exists()  # or another would hold a new one beside us
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_folder_that_is_not_there_yet_can_be_locked_and_written(tmp_path):
    file = tmp_path / "evals" / "en" / "golden.jsonl"
    with locked(file):
        write_atomically(file, b"{}\n")
    assert [path.name for path in file.parent.iterdir()] == ["golden.jsonl"]
