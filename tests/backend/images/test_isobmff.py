import contextlib
import struct

import cv2
import numpy as np
import pytest
from conftest import encode

from backend.images import isobmff
from backend.images.decode import decode_image
from backend.images.errors import UndecodableImageError
from backend.images.formats import read_header


@pytest.fixture(scope="module")
def avif(noise):
    return encode(".avif", cv2.resize(noise, (320, 200)))


def declaring(data, width, height):
    return isobmff.EXTENT.sub(b"ispe\0\0\0\0" + struct.pack(">II", width, height), data)


def test_the_size_is_that_of_the_frame(avif):
    assert isobmff.picture_size(avif) == (320, 200)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (160, 100), (320, 100), (1, 1)])
def test_a_frame_larger_than_the_picture_says_is_refused_before_it_is_decoded(avif, width, height):
    with pytest.raises(UndecodableImageError, match=f"declares {width} x {height} pixels and has 320 x 200"):
        read_header(declaring(avif, width, height))


def test_a_picture_larger_than_its_frame_is_scaled_by_the_decoder(avif):
    assert decode_image(declaring(avif, 640, 400)).shape == (400, 640, 3)


def test_without_a_frame_there_is_no_size(avif):
    cut = avif[: avif.index(b"mdat") + 4]
    assert isobmff.picture_size(cut) == (-1, -1)


def test_hostile_boxes_end_soon(avif):
    many = avif[:32] + b"\0\0\0\x08free" * 500_000 + avif[32:]
    with pytest.raises(UndecodableImageError, match="over 10000 boxes"):
        isobmff.picture_size(many)
    assert isobmff.picture_size(avif + b"\0\0\0\1mdat" + b"\xff" * 8) == (320, 200)


def test_every_cut_is_told(avif):
    for length in range(0, len(avif), 7):
        try:
            size = isobmff.picture_size(avif[:length])
        except UndecodableImageError:
            continue
        assert size in ((-1, -1), (320, 200))


def test_random_bytes_are_no_error_of_another_kind(avif):
    random = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(avif)
        for at in random.integers(0, min(len(data), 600), 8):
            data[at] = random.integers(0, 256)
        with contextlib.suppress(UndecodableImageError):
            isobmff.picture_size(bytes(data))


def box(kind, content):
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_of_several_boxes_of_a_kind_readers_take_one_or_another(avif):
    at = avif.index(b"meta") - 4
    (length,) = struct.unpack_from(">I", avif, at)
    with pytest.raises(UndecodableImageError, match="several boxes 'meta'"):
        isobmff.picture_size(avif[:at] + avif[at : at + length] + avif[at:])


def iloc(extents, items=1, length=0):
    places = struct.pack(">HHH", 1, 0, extents) + struct.pack(">II", 0, length) * extents
    return box(b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">H", items) + places * items)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (iloc(1001, length=1), "over 1000 parts"),
        (iloc(1, items=1001), "over 1000 parts"),
        (iloc(1000), "larger than the file"),
        (iloc(1, items=1000), "larger than the file"),
    ],
)
def test_items_that_would_be_copied_again_and_again_are_refused(table, said):
    info = box(b"infe", b"\2\0\0\0\0\1\0\0av01\0\0")
    infos = box(b"iinf", b"\0\0\0\0\0\1" + info)
    extent = box(b"ispe", b"\0\0\0\0" + struct.pack(">II", 64, 64))
    meta = box(b"meta", b"\0\0\0\0" + infos + table + extent)
    with pytest.raises(UndecodableImageError, match=said):
        isobmff.picture_size(box(b"ftyp", b"avif") + meta + bytes(2**21))


def test_an_item_that_is_said_to_be_two_things_is_looked_at(avif):
    at = avif.index(b"infe") - 4
    (length,) = struct.unpack_from(">I", avif, at)
    kinds = box(b"iinf", b"\0\0\0\0\0\2" + avif[at : at + length] + avif[at : at + length].replace(b"av01", b"Exif"))
    assert isobmff.item_kinds(kinds) == {1: b"av01"}


@pytest.fixture(scope="module")
def animated():
    animation = cv2.Animation()
    animation.frames = [np.full((60, 80, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255), (0, 0, 255))]
    animation.durations = [100] * 3
    return bytes(cv2.imencodeanimation(".avif", animation)[1])


def test_of_an_animation_the_first_picture_is_decoded_from_the_items_alone(animated):
    assert b"moov" in animated
    assert b"moov" not in isobmff.without_tracks(animated)
    assert b"avis" not in isobmff.without_tracks(animated)
    blue, _, red = decode_image(animated)[30, 40]
    assert blue > 200 > red


def test_an_animation_without_a_picture_of_its_own_is_refused(animated):
    at = animated.index(b"meta") - 4
    (length,) = struct.unpack_from(">I", animated, at)
    with pytest.raises(UndecodableImageError):
        decode_image(animated[:at] + box(b"free", bytes(length - 8)) + animated[at + length :])


def test_a_still_picture_is_decoded_as_it_is(avif):
    assert isobmff.without_tracks(avif) is avif
