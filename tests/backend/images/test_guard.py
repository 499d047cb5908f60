import struct
import zlib

import cv2
import numpy as np
import pytest
from conftest import IMAGES, encode

from backend.images.decode import decode_image
from backend.images.errors import UndecodableImageError
from backend.images.guard import MOST_SCANS, MOST_SEGMENTS, check_data, count_scans, pixel_bytes


def png(width, height, compressed, pieces=1, depth=8, colour=2, interlaced=0):
    """A PNG around compressed data, in one or more IDAT chunks."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    size = -(-len(compressed) // pieces)
    data = b"".join(chunk(b"IDAT", compressed[i * size : (i + 1) * size]) for i in range(pieces))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def zeros(megabytes):
    """Compressed zeros, made without holding them."""
    compressor = zlib.compressobj(9)
    parts = [compressor.compress(bytes(2**20)) for _ in range(megabytes)]
    return b"".join(parts) + compressor.flush()


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("interlaced", [0, 1])
def test_a_small_png_that_inflates_to_far_more_is_refused(pieces, interlaced):
    bomb = png(10, 10, zeros(300), pieces, interlaced=interlaced)
    assert len(bomb) < 400_000
    with pytest.raises(UndecodableImageError, match="far more data than its pixels"):
        decode_image(bomb)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_large_pngs_are_taken(dtype, channels):
    image = np.random.default_rng(0).integers(0, 256, (500, 400, channels)).astype(dtype) * (
        257 if dtype == np.uint16 else 1
    )
    data = encode(".png", image)
    assert len(data) > 2**17
    check_data("PNG", data)


def test_a_large_interlaced_png_is_taken():
    rows = zlib.compress(np.random.default_rng(0).integers(0, 256, 2 * 500 * 1501).astype(np.uint8).tobytes())
    check_data("PNG", png(500, 500, rows, interlaced=1))


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", png(10, 10, bytes(2**18)), png(10, 10, zeros(1))[:-900]])
def test_corrupt_data_is_left_to_the_decoder(data):
    check_data("PNG", data)


def test_the_size_of_the_pixels():
    assert pixel_bytes(png(10, 4, b"", depth=8, colour=2)) == 4 * 31
    assert pixel_bytes(png(9, 1, b"", depth=1, colour=0)) == 1 + 2


def progressive(scans):
    """A progressive JPEG whose last scan is repeated."""
    photo = cv2.imread(str(IMAGES / "test_mask.jpg"))
    data = encode(".jpg", photo, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * (scans - data.count(b"\xff\xda")) + data[-2:]


def test_progressive_jpegs_are_taken():
    assert decode_image(progressive(10)).shape[2] == 3


def test_a_jpeg_of_very_many_scans_is_refused():
    for scans in (MOST_SCANS + 1, 5000):
        with pytest.raises(UndecodableImageError, match=f"has over {MOST_SCANS} scans"):
            decode_image(progressive(scans))


def test_what_only_looks_like_scans_is_taken():
    plain, many = progressive(10), b"\xff\xda" * 30_000
    metadata = b"\xff\xe2" + struct.pack(">H", 2 + len(many)) + many
    assert count_scans(plain) == 10
    for data in (plain + many, plain[:2] + metadata + plain[2:]):  # a phone's video after the photo; a profile
        assert count_scans(data) == 10
        assert decode_image(data).shape == decode_image(plain).shape


def test_a_jpeg_of_very_many_segments_is_refused():
    plain = progressive(10)
    scans_as_metadata = b"\xff\xe2\x00\x84" + b"\xff\xda" * (MOST_SCANS + 1)
    many = b"\xff\xe0\x00\x02" * MOST_SEGMENTS
    with pytest.raises(UndecodableImageError, match=f"has over {MOST_SEGMENTS} segments"):
        decode_image(plain[:2] + scans_as_metadata + many + plain[2:])


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xe0\xff", b"\xff\xd8" + b"\xff" * 99]
)
def test_scans_of_what_is_no_whole_jpeg(data):
    assert count_scans(data) <= 1
