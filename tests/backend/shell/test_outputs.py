import errno
import os
from pathlib import Path

import pytest

from backend.shell.outputs import new_files


def write(folder, stem="photo", suffixes=(".jpg",), taken=None, content=b"new"):
    with new_files(folder, stem, suffixes, set() if taken is None else taken) as new:
        for path in new.partial:
            path.write_bytes(content)
    return [path.name for path in new.final]


def test_names_are_numbered_together(tmp_path):
    (tmp_path / "a.csv").touch()
    assert write(tmp_path, "a", (".mp4", ".csv", ".png")) == ["a_2.mp4", "a_2.csv", "a_2.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a_2.csv", "a_2.mp4", "a_2.png"]


def test_a_photo_of_this_run_is_never_written_over(tmp_path):
    taken = {tmp_path / "photo.jpg"}
    assert write(tmp_path, taken=taken) == ["photo_2.jpg"]
    assert tmp_path / "photo_2.jpg" in taken


def test_two_runs_at_once_keep_each_others_files(tmp_path):
    with new_files(tmp_path, "photo", (".jpg",), set()) as new:
        new.partial[0].write_bytes(b"first")
        assert write(tmp_path, content=b"second") == ["photo.jpg"]
    assert (tmp_path / "photo.jpg").read_bytes() == b"second"
    assert new.final[0].read_bytes() == b"first"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_what_fails_leaves_nothing(tmp_path, error):
    with pytest.raises(type(error)), new_files(tmp_path, "photo", (".mp4", ".csv"), set()) as new:
        new.partial[0].write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_of_three_files_none_appears_where_the_last_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError), new_files(tmp_path, "photo", (".mp4", ".csv"), set()) as new:
        new.partial[0].write_bytes(b"video")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stem", ["n" * 245, "n" * 255, "口" * 85, "ü" * 127 + "口"])
def test_long_names_are_cut_between_characters(tmp_path, stem):
    (tmp_path / f"{stem[:80]}.mp4").touch()
    (name,) = write(tmp_path, stem, (".mp4",))
    assert len(os.fsencode(name)) <= 255
    assert stem.startswith(Path(name).stem)


def test_without_hard_links_it_is_the_same(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (tmp_path / "photo.jpg").write_bytes(b"old")
    assert write(tmp_path) == ["photo_2.jpg"]
    assert (tmp_path / "photo.jpg").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg", "photo_2.jpg"]
