import struct
import zlib

import numpy as np
import pytest
from conftest import encode

from backend.images.decode import decode_image
from backend.images.errors import UndecodableImageError
from backend.images.guard import guarded
from backend.images.png import MOST_CHUNKS, pixel_bytes


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
    assert guarded("PNG", data, 1) == data


def test_a_large_interlaced_png_is_taken():
    rows = zlib.compress(np.random.default_rng(0).integers(0, 256, 2 * 500 * 1501).astype(np.uint8).tobytes())
    guarded("PNG", png(500, 500, rows, interlaced=1), 1)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", png(10, 10, bytes(2**18))])
def test_corrupt_data_is_left_to_the_decoder(data):
    assert guarded("PNG", data, 1) == data


def test_the_size_of_the_pixels():
    assert pixel_bytes(png(10, 4, b"", depth=8, colour=2)) == 4 * 31
    assert pixel_bytes(png(9, 1, b"", depth=1, colour=0)) == 1 + 2


def chunk(kind, content=b"", length=None):
    declared = len(content) if length is None else length
    return struct.pack(">I", declared) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt", b"zTXt", b"fdAT", b"iCCP", b"abCd"])
@pytest.mark.parametrize("length", [2**31 - 1, 2**32 - 1, 10_000])
def test_a_chunk_that_declares_more_than_there_is_is_refused(noise, kind, length):
    whole = encode(".png", noise)
    with pytest.raises(UndecodableImageError, match="ends within a chunk"):
        decode_image(whole[:33] + chunk(kind, length=length) + whole[33:])


def test_what_a_png_carries_beside_its_picture_is_never_inflated(noise):
    whole = encode(".png", noise)
    text = chunk(b"zTXt", b"k\0\0" + zeros(10))
    profile = chunk(b"iCCP", b"p\0\0" + zeros(10))
    animation = chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fdAT", b"\0" * 9)
    data = whole[:33] + text * 50 + profile + animation + whole[33:]
    assert guarded("PNG", data, 1) == whole
    assert (decode_image(data) == noise).all()


def test_very_many_chunks_are_refused(noise):
    whole = encode(".png", noise)
    with pytest.raises(UndecodableImageError, match=f"over {MOST_CHUNKS} chunks"):
        decode_image(whole[:33] + chunk(b"tEXt") * MOST_CHUNKS + whole[33:])


def test_a_png_that_lacks_the_last_checksum_is_taken(noise):
    assert guarded("PNG", encode(".png", noise)[:-4], 1)
