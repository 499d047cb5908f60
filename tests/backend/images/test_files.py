import os

import pytest

from backend.images.errors import ImageTooLargeError
from backend.images.files import read_file


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    assert read_file(tmp_path / "a") == b"content"
    assert read_file(tmp_path / "a", 7) == b"content"
    with pytest.raises(ImageTooLargeError, match="over the limit of 6 bytes"):
        read_file(tmp_path / "a", 6)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        read_file(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


def test_a_file_that_says_it_is_empty_is_not_read(tmp_path):
    (tmp_path / "endless").symlink_to("/proc/self/mounts")  # as /proc/kmsg, which waits for more
    assert read_file(tmp_path / "endless") == b""
