import struct

import cv2
import numpy as np
import pytest
from conftest import encode
from small_inputs import png_chunk

from backend.images.decode import decode_image
from backend.images.orientation import TURNS, exif_orientation, orientation_of

LEFT_TOP = np.zeros((40, 60, 3), np.uint8)
LEFT_TOP[:20, :20] = 255


def exif(orientation, order=">"):
    mark = b"MM" if order == ">" else b"II"
    return mark + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def with_orientation(extension, image, orientation):
    data = encode(extension, image)
    if extension == ".png":
        return data[:33] + png_chunk(b"eXIf", exif(orientation)) + data[33:]
    height, width = image.shape[:2]
    alpha = 0x10 if image.shape[2] == 4 else 0
    head = (
        struct.pack("<II", 0x08 | alpha, 0)[:4] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    parts = b"VP8X" + struct.pack("<I", 10) + head
    at = 12 if data[12:16] != b"VP8X" else 30
    content = exif(orientation, "<")
    parts += data[at:] + b"EXIF" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts


@pytest.mark.parametrize("extension", [".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_colours_and_transparency_are_turned_alike(extension, orientation):
    opaque = with_orientation(extension, LEFT_TOP, orientation)
    alpha = np.where(LEFT_TOP[..., :1] > 0, 255, 0).astype(np.uint8)
    transparent = with_orientation(extension, np.concatenate([255 - LEFT_TOP, alpha], axis=2), orientation)
    assert exif_orientation({".png": "PNG", ".webp": "WebP"}[extension], opaque) == orientation
    expected = TURNS[orientation](LEFT_TOP)
    np.testing.assert_allclose(
        decode_image(opaque).astype(int), expected, atol=60
    )  # WebP's colours are coarse at edges
    dark = decode_image(transparent)[..., 0] < 128
    assert (dark == (expected[..., 0] > 128)).mean() > 0.98


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(order):
    assert orientation_of(exif(6, order)) == orientation_of(b"Exif\0\0" + exif(6, order)) == 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MM",
        exif(0),
        exif(9),
        exif(6)[:12],
        b"MM" + b"\xff" * 50,
        exif(6)[:4] + b"\xff\xff\xff\xff",
        b"XX" + exif(6)[2:],
    ],
)
def test_what_says_no_orientation(data):
    assert orientation_of(data) == 1


def test_jpegs_are_turned_by_opencv_itself():
    assert exif_orientation("JPEG", encode(".jpg", LEFT_TOP, cv2.IMWRITE_JPEG_QUALITY, 90)) == 1
