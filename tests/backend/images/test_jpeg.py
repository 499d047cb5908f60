import struct

import cv2
import pytest
from conftest import IMAGES, encode
from small_inputs import huge_behind_a_false_segment

from backend.images.decode import decode_image
from backend.images.errors import ImageTooLargeError, UndecodableImageError
from backend.images.formats import read_header
from backend.images.jpeg import MOST_SCANS, MOST_SEGMENTS, check_scans, count_scans, frame_size


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


def test_the_size_is_that_of_the_frame_that_libjpeg_decodes():
    data = encode(".jpg", cv2.imread(str(IMAGES / "test_mask.jpg")))
    assert frame_size(data) == (720, 900)
    assert frame_size(data[:2] + b"\x00\x00\xff\xff\x00" + data[2:]) == (720, 900)  # libjpeg skips what is no marker


def test_a_length_behind_no_marker_hides_no_frame():
    data = huge_behind_a_false_segment(16_000, 8_000, shown=(64, 64))
    assert (read_header(data).width, read_header(data).height) == (16_000, 8_000)
    with pytest.raises(ImageTooLargeError, match="16000 x 8000"):
        decode_image(data)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"\xff\xd8\xff\xc0\x00\x0b\x08\x00", b"\xff\xd8\xff\xda\x00\x02"])
def test_a_jpeg_without_a_frame(data):
    assert frame_size(data) == (-1, -1)
    with pytest.raises(UndecodableImageError):
        decode_image(data)


def test_of_a_large_jpeg_fewer_scans_are_decoded():
    check_scans(progressive(20), 30_000_000)
    with pytest.raises(UndecodableImageError, match="has over 16 scans"):
        check_scans(progressive(20), 40_000_000)
    check_scans(progressive(16), 134_000_000)  # MAX_IMAGE_PIXELS may be as high
