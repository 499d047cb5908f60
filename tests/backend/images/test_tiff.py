import struct

import pytest
from conftest import encode

from backend.images.decode import decode_image
from backend.images.errors import UndecodableImageError
from backend.images.tiff import HEIGHT, TILE_HEIGHT, TILE_WIDTH, WIDTH, picture_size


def tiff(*entries, order="<"):
    """A TIFF of one directory; an entry is a tag, a type (3: 16 bits, 4: 32), and a value."""
    signature = b"II*\0" if order == "<" else b"MM\0*"
    packed = [struct.pack(f"{order}HHI", *entry[:2], 1) + content(order, *entry[1:]) for entry in entries]
    return signature + struct.pack(f"{order}IH", 8, len(entries)) + b"".join(packed) + bytes(4)


def content(order, kind, value):
    return struct.pack(f"{order}I" if kind == 4 else f"{order}HH", *([value] if kind == 4 else [value, 0]))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_the_size_is_read_in_either_order_and_type(order, kind):
    assert picture_size(tiff((WIDTH, kind, 640), (HEIGHT, kind, 480), order=order)) == (640, 480)


@pytest.mark.parametrize(
    "entries",
    [
        [(WIDTH, 3, 64), (HEIGHT, 3, 64), (WIDTH, 3, 9000)],
        [(WIDTH, 16, 9000), (HEIGHT, 3, 64)],
        [(WIDTH, 8, 64), (HEIGHT, 3, 64)],
        [(WIDTH, 3, 64), (HEIGHT, 3, 64), (TILE_WIDTH, 16, 64)],
    ],
)
def test_what_readers_take_in_different_ways_is_refused(entries):
    with pytest.raises(UndecodableImageError, match="in different ways"):
        picture_size(tiff(*entries))


def test_a_tile_far_larger_than_the_picture_is_refused():
    usual = [(WIDTH, 3, 64), (HEIGHT, 3, 64), (TILE_WIDTH, 3, 512)]
    assert picture_size(tiff(*usual, (TILE_HEIGHT, 3, 512))) == (64, 64)
    with pytest.raises(UndecodableImageError, match="tile far larger"):
        picture_size(tiff(*usual, (TILE_HEIGHT, 4, 2**31)))


@pytest.mark.parametrize("length", [0, 4, 8, 9, 10, 20, 21])
def test_what_ends_too_early_has_no_size(length):
    assert picture_size(tiff((WIDTH, 3, 64), (HEIGHT, 3, 64))[:length]) == (-1, -1)


def test_the_real_encoders_are_read(noise):
    assert picture_size(encode(".tiff", noise)) == (80, 60)
    assert decode_image(encode(".tiff", noise)).shape == (60, 80, 3)


def test_more_entries_than_are_read_are_refused():
    entries = [(WIDTH, 3, 64), (HEIGHT, 3, 64), *[(300, 3, 0)] * 1000, (TILE_WIDTH, 4, 2**31)]
    with pytest.raises(UndecodableImageError, match="over 1000 entries"):
        picture_size(tiff(*entries))


def test_jpegs_of_many_scans_within_are_refused():
    usual = tiff((WIDTH, 3, 64), (HEIGHT, 3, 64), (259, 3, 7))
    assert picture_size(usual + b"\xff\xd8" * 9 + b"\xff\xda" * 27) == (64, 64)
    with pytest.raises(UndecodableImageError, match="JPEGs of many scans"):
        picture_size(usual + b"\xff\xd8" + b"\xff\xda" * 99)
