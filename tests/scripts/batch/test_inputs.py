import os
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from conftest import encode

from backend.images.errors import ImageTooLargeError
from scripts.batch.detect import read_archives, read_content
from scripts.batch.inputs import Input, InputError, list_inputs, normalized, read

LIMIT = 10_000


@pytest.fixture
def archive(tmp_path, noise):
    """A folder with photos, one of them with a strange name, and other files."""
    folder = tmp_path / "archive"
    (folder / "below").mkdir(parents=True)
    for name in ("b.jpg", "a b#c%20?.JPG", "below/c.png"):
        (folder / name).write_bytes(encode(".png", noise[: len(name)]))
    (folder / "notes.md").write_text("no photo")
    return folder


def names(inputs):
    return [item.path.rpartition("/")[2] for item in inputs]


NAMES = ["a b#c%20?.JPG", "b.jpg", "c.png"]


def test_a_folder_with_what_is_below_it(archive):
    found = list_inputs(str(archive))
    assert names(found) == NAMES
    assert [read(item, LIMIT) for item in found] == [
        (archive / name).read_bytes() for name in (*NAMES[:2], "below/c.png")
    ]


def test_paths_are_absolute(archive, monkeypatch):
    monkeypatch.chdir(archive)
    assert list_inputs(".") == list_inputs(str(archive))


@pytest.mark.parametrize(("pattern", "expected"), [("*.jpg", ["b.jpg"]), ("**/*.png", ["c.png"]), ("*", NAMES[:2])])
def test_a_glob(archive, pattern, expected):
    assert names(list_inputs(str(archive / pattern))) == expected


def test_a_list_names_each_once_and_those_that_are_missing_too(archive):
    lines = ["b.jpg", "", "missing.jpg", "b.jpg", str(archive / "below" / "c.png")]
    (archive / "list.txt").write_text("\n".join(lines))
    assert names(list_inputs(str(archive / "list.txt"))) == ["b.jpg", "missing.jpg", "c.png"]


def test_one_photo(archive):
    assert names(list_inputs(str(archive / "b.jpg"))) == ["b.jpg"]


@pytest.mark.parametrize("source", ["a/b", "a/b/", "./a//b", "a/x/../b"])
def test_two_ways_to_write_a_source_look_the_same(source, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert normalized(source) == str(tmp_path / "a" / "b")


def test_a_url_stays_as_it_is():
    assert normalized("s3://bucket//a/../b") == "s3://bucket//a/../b"


def test_a_url(archive):
    found = list_inputs(f"file://{quote(str(archive))}")
    assert [item.path[:7] for item in found] == ["file://"] * 3
    assert read(found[1], LIMIT) == (archive / "b.jpg").read_bytes()


def make_tar(archive, name, mode):
    with tarfile.open(archive.parent / name, mode) as tar:
        tar.add(archive, arcname="inside")
    return str(archive.parent / name)


def test_members_of_a_tar_are_read_at_their_places(archive):
    path = make_tar(archive, "photos.tar", "w")
    found = sorted(list_inputs(path), key=lambda item: item.path)
    assert found[1].path == f"{path}::inside/b.jpg"
    assert [read(item, LIMIT) for item in found] == [
        (archive / name).read_bytes() for name in (*NAMES[:2], "below/c.png")
    ]


def test_members_of_a_compressed_tar_come_in_its_order(archive):
    path = make_tar(archive, "photos.tar.gz", "w:gz")
    wanted = {item.path for item in list_inputs(path)} - {f"{path}::inside/b.jpg"}
    (table,) = read_archives({"container": np.array([path.encode()])}, wanted, LIMIT)
    assert set(table.column("path").to_pylist()) == wanted
    assert sorted(map(len, table.column("bytes").to_pylist())) == sorted(
        len((archive / name).read_bytes()) for name in ("a b#c%20?.JPG", "below/c.png")
    )


def test_of_members_of_one_name_the_first_counts(archive):
    for name, mode in (("twice.tar", "w"), ("twice.tgz", "w:gz")):
        with tarfile.open(archive / name, mode) as tar:
            tar.add(archive / "b.jpg", arcname="same.jpg")
            tar.add(archive / "below" / "c.png", arcname="same.jpg")
        (item,) = list_inputs(str(archive / name))
    (table,) = read_archives({"container": np.array([item.container])}, {item.path}, LIMIT)
    assert table.column("bytes").to_pylist() == [(archive / "b.jpg").read_bytes()]


@pytest.mark.parametrize(("name", "mode"), [("links.tar", "w"), ("links.tgz", "w:gz")])
def test_hard_links_of_a_tar_are_photos_too(archive, name, mode):
    (archive / "again.jpg").hardlink_to(archive / "b.jpg")
    with tarfile.open(archive / name, mode) as tar:
        tar.add(archive / "b.jpg", arcname="b.jpg")
        tar.add(archive / "again.jpg", arcname="again.jpg")
        assert tar.getmember("again.jpg").islnk()
    inputs = list_inputs(str(archive / name))
    assert [item.path.rpartition("::")[2] for item in inputs] == ["b.jpg", "again.jpg"]
    if mode == "w":
        contents = [read(item, LIMIT) for item in inputs]
    else:
        wanted = {item.path for item in inputs}
        (table,) = read_archives({"container": np.array([inputs[0].container])}, wanted, LIMIT)
        contents = table.column("bytes").to_pylist()
    assert contents == [(archive / "b.jpg").read_bytes()] * 2


def test_a_list_with_a_byte_order_mark(archive):
    (archive / "list.txt").write_text("b.jpg\n", encoding="utf-8-sig")
    assert names(list_inputs(str(archive / "list.txt"))) == ["b.jpg"]


def test_a_tar_is_known_by_its_content(archive):
    path = make_tar(archive, "compressed.tar", "w:gz")
    assert {item.offset for item in list_inputs(path)} == {-1}


def test_a_name_that_is_no_utf_8(archive):
    name = os.fsencode(archive) + b"/bad\xff.jpg"
    with open(name, "wb") as file:  # noqa: PTH123
        file.write(b"content")
    (item,) = [item for item in list_inputs(str(archive)) if "bad" in item.path]
    assert item.path.endswith("bad\\xff.jpg")
    assert read(item, LIMIT) == b"content"


def test_what_cannot_be_read_is_a_row(archive, tmp_path):
    (archive / "large.jpg").write_bytes(bytes(LIMIT + 1))
    (archive / "broken.jpg").symlink_to("nowhere")
    os.mkfifo(archive / "pipe.jpg")
    found = [*list_inputs(str(archive)), Input(str(archive), str(archive).encode())]
    problems = {item.path: read_content(item, LIMIT).problem for item in found}
    assert problems[str(archive / "b.jpg")] is None
    assert problems[str(archive / "large.jpg")] == f"The file is over the limit of {LIMIT} bytes."
    assert problems[str(archive / "broken.jpg")] == "It cannot be read: No such file or directory."
    assert problems[str(archive / "pipe.jpg")] == "It is no regular file."
    assert "Is a directory" in problems[str(archive)]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "no file, folder or match for"),
        ("nowhere/*.jpg", "no file, folder or match for"),
        ("nowhere.tar", "cannot be listed"),
        ("nosuch://bucket/photos", "cannot be listed"),
        ("{tmp}/empty", "holds no photo"),
        ("{tmp}/broken.tar", "cannot be listed"),
        ("{tmp}/cut.tgz", "cannot be listed"),
    ],
)
def test_a_source_without_photos_is_said(tmp_path, source, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar").write_bytes(b"no tar at all")
    with tarfile.open(tmp_path / "whole.tgz", "w:gz") as tar:
        (tmp_path / "noise.jpg").write_bytes(os.urandom(50_000))
        tar.add(tmp_path / "noise.jpg")
    (tmp_path / "cut.tgz").write_bytes((tmp_path / "whole.tgz").read_bytes()[:20_000])
    with pytest.raises(InputError, match=said):
        list_inputs(source.format(tmp=tmp_path))


@pytest.mark.parametrize("sign", ["\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_list_is_split_at_line_feeds_only(tmp_path, sign):
    (tmp_path / " lead.jpg").touch()
    (tmp_path / "list.txt").write_bytes(f"a{sign}b.jpg\r\n\t c.jpg \n\n lead.jpg".encode())
    assert [item.path for item in list_inputs(str(tmp_path / "list.txt"))] == [
        f"{tmp_path}/a{sign}b.jpg",
        f"{tmp_path}/c.jpg",
        f"{tmp_path}/ lead.jpg",
    ]


def test_every_name_has_a_path_of_its_own(tmp_path):
    names = [b"a\xfe.jpg", b"a\xff.jpg", b"a\\xff.jpg", b"a\\\\xff.jpg", "aÿ.jpg".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    paths = [item.path for item in list_inputs(str(tmp_path))]
    assert len(set(paths)) == len(names)
    assert all(path.encode() for path in paths)


def test_the_gaps_of_a_sparse_member_are_filled(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(b"begin" * 1000)
        file.seek(3_000_000)
        file.write(b"end" * 1000)
    (tmp_path / "b.jpg").write_bytes(b"neighbour")
    command = ["tar", "--sparse", "-cf", tmp_path / "all.tar", "-C", tmp_path, "a.jpg", "b.jpg"]
    for form in ("gnu", "posix"):
        subprocess.run([*command, f"--format={form}"], check=True)
        first, second = list_inputs(str(tmp_path / "all.tar"))
        assert read(first, 10**7) == (tmp_path / "a.jpg").read_bytes()
        assert read(second, 10**7) == b"neighbour"
        with pytest.raises(ImageTooLargeError):
            read(first, 10**6)


def test_what_macos_adds_is_left_out_everywhere(tmp_path):
    for name in ("a.jpg", "._a.jpg"):
        (tmp_path / name).touch()
    with tarfile.open(tmp_path / "all.tar", "w") as tar:
        tar.add(tmp_path / "a.jpg", "in/a.jpg")
        tar.add(tmp_path / "._a.jpg", "in/._a.jpg")
    for source in (tmp_path, tmp_path / "*.jpg", tmp_path / "all.tar", f"file://{tmp_path}"):
        assert [Path(item.path).name for item in list_inputs(str(source))] == ["a.jpg"]


@pytest.mark.parametrize("name", ["a b.jpg", "e#f.jpg", "p%20q.jpg", "q?x.jpg", "\u00fc.jpg", "plain.jpg"])
def test_every_name_below_a_url_can_be_read(tmp_path, name):
    folder = tmp_path / "u r"
    folder.mkdir()
    (folder / name).write_bytes(b"content")
    for url in (f"file://{quote(str(folder))}", f"file://{folder}", f"file://{folder}/"):
        (item,) = list_inputs(url)
        assert read(item, LIMIT) == b"content"


def test_a_pipe_below_a_url_is_a_row(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (item,) = list_inputs(f"file://{tmp_path}")
    assert read_content(item, LIMIT).problem == "It is no regular file."


def test_a_file_that_says_it_is_empty_is_not_read(tmp_path):
    (tmp_path / "a.jpg").symlink_to("/proc/self/mounts")
    (item,) = list_inputs(str(tmp_path / "a.jpg"))
    assert read(item, LIMIT) == b""


def test_paths_are_the_same_however_the_source_is_spelled(archive, monkeypatch, tmp_path):
    (archive / "inner").mkdir()
    monkeypatch.chdir(archive / "inner")
    for source in ("..", f"{archive}/inner/..", "../*.jpg", "./../*.jpg"):
        assert all(".." not in item.path for item in list_inputs(source))


def test_what_a_terminal_would_obey_is_written_out():
    with pytest.raises(InputError) as error:
        list_inputs("\x1b[31mno")
    assert "\x1b" not in str(error.value)


def test_behind_a_link_two_dots_are_its_targets(tmp_path, monkeypatch):
    for name in ("other/real", "other/photos", "photos"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("other/real")
    (tmp_path / "other/photos/far.jpg").touch()
    (tmp_path / "photos/near.jpg").touch()
    monkeypatch.chdir(tmp_path)
    for source in ("link/../photos", "link/../photos/*.jpg", "link/../photos/far.jpg"):
        assert names(list_inputs(source)) == ["far.jpg"]
    assert normalized("link/../photos") != normalized("photos")


def test_a_glob_where_the_folder_has_brackets_in_its_name(tmp_path, monkeypatch):
    (tmp_path / "set [2020]").mkdir()
    (tmp_path / "set [2020]/a.jpg").touch()
    monkeypatch.chdir(tmp_path / "set [2020]")
    for source in ("*.jpg", "./*.jpg", ".", "a.jpg"):
        assert names(list_inputs(source)) == ["a.jpg"]


def test_a_folder_called_tar(tmp_path):
    (tmp_path / "set.tar").mkdir()
    (tmp_path / "set.tar/a.jpg").touch()
    assert names(list_inputs(str(tmp_path / "set.tar"))) == ["a.jpg"]


def test_names_that_a_url_may_hold_stand_in_it_as_they_are(tmp_path):
    for name in ("a+b.jpg", "c(1).jpg", "d,e.jpg", "f@g=h.jpg"):
        (tmp_path / name).touch()
    url = f"file://{tmp_path}"
    assert [item.path for item in list_inputs(url)] == [
        f"{url}/{name}" for name in ("a+b.jpg", "c(1).jpg", "d,e.jpg", "f@g=h.jpg")
    ]


@pytest.mark.parametrize("url", ["hf://datasets/x/a.jpg", "nosuch://x/a.jpg"])
def test_an_address_that_nothing_reads_is_a_row_of_a_list_and_a_sentence_alone(tmp_path, url):
    (tmp_path / "list.txt").write_text(f"{url}\n")
    (item,) = list_inputs(str(tmp_path / "list.txt"))
    assert read_content(item, LIMIT).bytes is None
    with pytest.raises(InputError, match="cannot be listed"):
        list_inputs(url.removesuffix("/a.jpg"))
