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
    assert isobmff.picture_size(many) == (-1, -1)
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
