import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import IMAGES, encode
from odd_images import ODD_IMAGES
from small_inputs import png

from backend.images import formats
from backend.images.decode import Header, decode_image, decode_photo, read_header
from backend.images.errors import EmptyImageError, ImageTooLargeError, UndecodableImageError, UnsupportedImageError
from backend.settings import ROOT
from scripts.development.fuzz import with_exif


@pytest.mark.parametrize(("extension", "name"), [(".jpg", "JPEG"), (".png", "PNG"), (".webp", "WebP"), (".bmp", "BMP")])
def test_the_four_formats(extension, name, noise):
    data = encode(extension, noise)
    assert read_header(data) == Header(name, 80, 60)
    assert decode_image(data).shape == (60, 80, 3)


def test_lossless_formats_give_the_pixels_back(noise):
    for data in (encode(".png", noise), encode(".bmp", noise), encode(".webp", noise, cv2.IMWRITE_WEBP_QUALITY, 101)):
        np.testing.assert_array_equal(decode_image(data), noise)


def test_a_bmp_with_the_old_header():
    pixels = bytes(range(4 * 3 * 2))
    header = b"BM" + struct.pack("<IHHI", 26 + len(pixels), 0, 0, 26) + struct.pack("<IHHHH", 12, 4, 2, 1, 24)
    assert read_header(header + pixels) == Header("BMP", 4, 2)
    assert decode_image(header + pixels).shape == (2, 4, 3)


def test_exif_orientation_is_applied():
    image = decode_image((IMAGES / "test_rotated.jpg").read_bytes())
    stored = read_header((IMAGES / "test_rotated.jpg").read_bytes())
    assert image.shape[:2] == (stored.width, stored.height)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((30, 40), np.uint8),
        np.zeros((30, 40, 4), np.uint8),
        np.full((30, 40), 40000, np.uint16),
        np.full((30, 40, 3), 40000, np.uint16),
        np.zeros((1, 1, 3), np.uint8),
    ],
    ids=["grey", "transparent", "16-bit grey", "16-bit colour", "one pixel"],
)
def test_unusual_images_become_8_bit_colour(image):
    decoded = decode_image(encode(".png", image))
    assert decoded.dtype == np.uint8
    assert decoded.shape == (*image.shape[:2], 3)


@pytest.mark.parametrize("name", ODD_IMAGES)
def test_odd_images_show_their_first_picture(name):
    image = decode_image(ODD_IMAGES[name])
    assert image.shape == (12, 16, 3)
    if name != "1-bit PNG":
        left, right = image[:, :4].mean((0, 1)), image[:, -4:].mean((0, 1))
        assert left[2] < right[2] - 100  # red
        assert left[0] > right[0] + 100  # blue


def test_an_interlaced_png():
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16), np.uint8)
    rows = [bytes(1) + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx]]
    data = png(16, 12, colour=0, data=b"".join(rows), interlaced=1)
    np.testing.assert_array_equal(decode_image(data)[..., 0], pixels)


def test_16_bit_keeps_its_brightness():
    decoded = decode_image(encode(".png", np.full((8, 8, 3), 32896, np.uint16)))
    assert abs(int(decoded[0, 0, 0]) - 128) <= 1


def test_a_side_that_no_decoder_takes_is_too_large_and_not_corrupt():
    assert decode_image(encode(".png", np.zeros((1, 1_000_000), np.uint8))).shape == (1, 1_000_000, 3)
    with pytest.raises(ImageTooLargeError, match="a side may have at most 1000000"):
        decode_image(png(1_000_001, 1))


def test_empty():
    with pytest.raises(EmptyImageError, match="0 bytes"):
        decode_image(b"")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\0\x18ftypheic", "a HEIC"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"hello, world", "in no known image format"),
        (b"\0", "in no known image format"),
        (b"RIFF\0\0\0\0WAVE", "in no known image format"),
    ],
)
def test_other_formats_are_named(data, named):
    with pytest.raises(UnsupportedImageError) as error:
        decode_image(data)
    assert named in str(error.value)
    assert "JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF" in str(error.value)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp"])
@pytest.mark.parametrize("length", [3, 12, 20, 25, 30])
def test_a_file_cut_in_its_header(extension, length, noise):
    with pytest.raises((UndecodableImageError, UnsupportedImageError)):
        decode_image(encode(extension, noise)[:length])


@pytest.mark.parametrize("extension", [".png", ".webp", ".bmp"])
def test_a_file_cut_in_its_data(extension, noise):
    data = encode(extension, noise)
    with pytest.raises(UndecodableImageError, match="truncated or corrupt"):
        decode_image(data[: len(data) // 2])


def test_corrupt_data_behind_a_good_header():
    with pytest.raises(UndecodableImageError):
        decode_image(png(20, 20, data=b"not enough"))


@pytest.mark.parametrize(("width", "height"), [(30000, 30000), (2**31 - 1, 2**31 - 1), (40_000_001, 1)])
def test_a_decompression_bomb_is_refused_by_its_header(monkeypatch, width, height):
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ImageTooLargeError, match="at most"):
        decode_image(png(width, height))


def test_the_limit_itself_is_allowed(noise):
    data = encode(".png", noise)
    assert decode_image(data, max_pixels=4800).shape == (60, 80, 3)
    with pytest.raises(ImageTooLargeError, match="80 x 60"):
        decode_image(data, max_pixels=4799)


def test_an_error_inside_opencv_is_mapped(monkeypatch, noise):
    def fail(*_):
        raise cv2.error("a detail for developers")

    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(UndecodableImageError) as error:
        decode_image(encode(".png", noise))
    assert "developers" not in str(error.value)


def photo_of(width, height):
    """A smooth picture as JPEG, so that its reduction can be compared."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return encode(".jpg", np.dstack([x, y, 255 - x]).astype(np.uint8))


@pytest.mark.parametrize(("allowed", "factor"), [(0.5, 1), (1, 1), (1.9, 1), (2, 2), (3.9, 2), (4, 4), (8, 8), (99, 8)])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (641, 479), (333, 1001)])
def test_a_jpeg_is_decoded_as_small_as_is_allowed(allowed, factor, width, height):
    data = photo_of(width, height)
    photo = decode_photo(data, most_reduction=lambda height, width: allowed)
    assert (photo.width, photo.height) == (width, height)
    assert photo.image.shape[:2] == (-(-height // factor), -(-width // factor))
    whole = cv2.resize(decode_image(data), photo.image.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(whole.astype(int) - photo.image).mean() < 2


def test_a_turned_photo_keeps_its_upright_size():
    data = with_exif(photo_of(640, 480))
    photo = decode_photo(data, most_reduction=lambda height, width: 4)
    assert (photo.width, photo.height) == (480, 640)
    assert photo.image.shape[:2] == (160, 120)


def test_both_ways_that_a_photo_may_be_turned_are_asked_for():
    asked = []
    decode_photo(photo_of(640, 480), most_reduction=lambda height, width: asked.append((height, width)) or 1)
    assert sorted(asked) == [(480, 640), (640, 480)]


def test_a_photo_whose_turn_would_not_show_is_decoded_whole():
    photo = decode_photo(photo_of(800, 799), most_reduction=lambda height, width: 2)
    assert photo.image.shape[:2] == (799, 800)


@pytest.mark.parametrize("extension", [".png", ".webp", ".bmp"])
def test_other_formats_are_decoded_whole(extension, noise):
    photo = decode_photo(encode(extension, noise), most_reduction=lambda height, width: 8)
    assert photo.image.shape == noise.shape


def test_too_little_memory_is_told_from_a_corrupt_photo(monkeypatch, noise):
    def fail(*_):
        error = cv2.error("Failed to allocate")
        error.code = cv2.Error.StsNoMem
        raise error

    data = encode(".png", noise)
    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(MemoryError):
        decode_image(data)


CASES = Path(__file__).parents[2] / "cases"


def test_a_jpeg_without_its_last_marker_is_read():
    data = (CASES / "jpeg_without_eoi.jpg").read_bytes()
    assert (decode_image(data) == decode_image(data + b"\xff\xd9")).all()


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize("name", ["test_group.jpg", "test_rotated.jpg", "test_no_face.jpg"])
def test_only_the_marker_may_lack(name, progressive):
    image = cv2.imread(str(IMAGES / name))
    data = encode(".jpg", image, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    assert (decode_image(data[:-2]) == decode_image(data)).all()
    if not progressive:  # each scan of a progressive one holds the whole picture
        for share in (0.3, 0.7, 0.95):
            with pytest.raises(UndecodableImageError):
                decode_image(data[: int(len(data) * share)])


@pytest.mark.parametrize("extension", [".gif", ".tiff", ".avif"])
def test_other_formats_are_taken_within_the_same_limits(extension, noise):
    photo = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    data = encode(extension, photo)
    assert (read_header(data).width, read_header(data).height) == (320, 240)
    assert np.abs(decode_image(data).astype(int) - photo).mean() < 20
    with pytest.raises(ImageTooLargeError):
        decode_image(data, max_pixels=320 * 240 - 1)
    for cut in (20, len(data) // 2):
        with pytest.raises(UndecodableImageError):
            decode_image(data[:cut])


def test_what_a_build_of_opencv_cannot_read_is_said(noise, monkeypatch):
    monkeypatch.setattr(formats, "is_readable", lambda _: False)
    with pytest.raises(UnsupportedImageError, match="send a JPEG"):
        decode_image(encode(".gif", noise))


def test_a_heic_is_named():
    with pytest.raises(UnsupportedImageError, match="is a HEIC; send a JPEG"):
        decode_image(b"\0\0\0\x18ftypheic" + bytes(40))


def test_an_avif_of_tiles_counts_as_large_as_its_largest_picture(noise):
    data = encode(".avif", noise)
    at = data.index(b"ispe")
    huge = data[: at + 8] + struct.pack(">II", 60_000, 60_000) + data[at + 16 :]
    with pytest.raises(ImageTooLargeError, match="60000 x 60000"):
        decode_image(huge)


OUT_OF_MEMORY = """
import pathlib, re, resource, sys
from backend.images.decode import decode_image
from backend.images.errors import ImageError
data, room = pathlib.Path(sys.argv[1]).read_bytes(), int(sys.argv[2]) * 2**20
(used,) = re.findall(r"VmSize:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
resource.setrlimit(resource.RLIMIT_AS, (int(used) * 1024 + room,) * 2)
try:
    decode_image(data)
except MemoryError:
    print("no memory")
except ImageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's here")
@pytest.mark.parametrize("room", [40, 120])
@pytest.mark.parametrize(
    ("extension", "options"),
    [
        (".jpg", (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
        (".png", ()),
        (".gif", ()),
        (".tiff", ()),
        (".avif", (cv2.IMWRITE_AVIF_SPEED, 10)),
        (".webp", ()),
    ],
)
def test_running_out_of_memory_is_not_told_as_a_corrupt_photo(tmp_path, noise, extension, options, room):
    path = tmp_path / f"photo{extension}"
    path.write_bytes(encode(extension, cv2.resize(noise, (5000, 3000)), *options))
    command = [sys.executable, "-c", OUT_OF_MEMORY, str(path), str(room)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout in ("no memory\n", "")  # empty: there was enough
    assert done.returncode == 0, done.stderr
