import gzip
import io
import os
import tarfile

import pytest

from scripts.batch import tars
from scripts.batch.inputs import InputError, list_inputs, read, stream

CONTENTS = {"a.jpg": b"a" * 700, "b.jpg": b"b" * 90, "c.jpg": b"c" * 1500}


def whole(mode="w", **options):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, **options) as tar:
        for name, content in CONTENTS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def header(name, kind=tarfile.REGTYPE, size=0, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, link
    return member.tobuf(tarfile.GNU_FORMAT)


def names(data):
    with tars.opened(io.BytesIO(data)) as tar:
        return [name for name, _ in tars.files(tar)]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_whole_tar_is_read_to_its_end(mode, form):
    assert names(whole(mode, format=form)) == list(CONTENTS)


def test_what_follows_the_end_is_nothing():
    assert names(whole() + b"rubbish" * 1000) == list(CONTENTS)


@pytest.mark.parametrize("cut", [2560, 2600, 1024 + 512 + 100])
def test_a_tar_that_is_cut_is_said_wherever_it_is(cut):
    with pytest.raises(tars.DamagedTarError, match="damaged"):
        names(whole()[:cut])


def test_one_wrong_byte_in_a_header_does_not_end_a_tar():
    data = bytearray(whole())
    data[1536 + 5] ^= 1
    with pytest.raises(tars.DamagedTarError, match="no end where a header should be"):
        names(bytes(data))


@pytest.mark.parametrize("size", [-512, -1024, -100_000])
def test_a_size_below_nothing_ends_at_once(size):
    data = header("a.jpg") + header("b.jpg", size=size) + bytes(1024)
    with pytest.raises(tars.DamagedTarError, match="impossible size"):
        names(data)


@pytest.mark.parametrize("kind", tars.LONG_KINDS)
def test_a_name_of_gigabytes_is_not_read(kind):
    with pytest.raises(tars.DamagedTarError, match="impossible size"):
        names(header("a.jpg") + header("long", kind, size=3 * 2**30) + bytes(4096))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_thousands_of_headers_in_each_other_are_no_traceback(kind):
    content = b"9 path=x\n".ljust(512, b"\0") if kind == tarfile.XHDTYPE else b"x".ljust(512, b"\0")
    size = 9 if kind == tarfile.XHDTYPE else 1
    with pytest.raises(tars.DamagedTarError, match="damaged"):
        names((header("long", kind, size=size) + content) * 3000 + header("a.jpg") + bytes(1024))


@pytest.mark.parametrize("data", [b"", b"no tar", bytes(100), os.urandom(5000)])
def test_what_is_no_tar(data):
    with pytest.raises(tars.DamagedTarError, match="it is no tar, or cut"):
        names(data)


@pytest.mark.parametrize("compress", [False, True])
def test_links_are_the_first_file_of_their_name_in_both_ways_to_read(tmp_path, compress):
    parts = [
        header("gone.jpg", tarfile.LNKTYPE, link="missing.jpg"),
        *(header("x.bin", size=512) + letter * 512 for letter in (b"1", b"2")),
        header("a.jpg", tarfile.LNKTYPE, link="x.bin"),
        header("gone.jpg", size=512) + b"3" * 512,
        bytes(1024),
    ]
    path = tmp_path / ("links.tar.gz" if compress else "links.tar")
    path.write_bytes(gzip.compress(b"".join(parts)) if compress else b"".join(parts))
    inputs = list_inputs(str(path))
    if compress:
        found = dict(stream(str(path), {item.path for item in inputs}, 1000))
    else:
        found = {item.path: read(item, 1000) for item in inputs}
    assert found == {f"{path}::a.jpg": b"1" * 512, f"{path}::gone.jpg": b"3" * 512}


def test_a_pipe_called_tar_is_said(tmp_path):
    os.mkfifo(tmp_path / "pipe.tar")
    with pytest.raises(InputError, match="no regular file"):
        list_inputs(str(tmp_path / "pipe.tar"))
