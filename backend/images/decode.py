"""Encoded bytes -> an upright BGR image, with every limit checked before anything is decoded."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.images.errors import UndecodableImageError
from backend.images.formats import MAX_PIXELS, Header, check_pixels, read_header
from backend.images.guard import guarded
from backend.images.transparency import may_be_transparent, on_white

LAST_BYTES = 4  # hold a few of the blocks that are encoded together, each of 32 x 32 pixels at most
LAST_ROWS, LAST_COLUMNS = 32, 128
END_OF_IMAGE = b"\xff\xd9"
# decoded twice, of up to 8 bytes a pixel: one at a time, or a container's memory would have to hold several
ONE_HEAVY, HEAVY_PIXELS = threading.Lock(), 8_000_000
DECODING_BYTES, SPARE_BYTES = 48, 2**26  # a pixel, at most of any format, and besides; measured

# how many times smaller a JPEG can be decoded
FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

Image = NDArray[np.uint8]
Reduction = Callable[[int, int], float]


@dataclass(frozen=True)
class Photo:
    """A decoded photo.

    Attributes:
        image: upright BGR (h, w, 3); smaller than the photo where that was allowed.
        width, height: of the upright photo itself.
    """

    image: Image
    width: int
    height: int


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode an image of one of the formats to an upright BGR image (h, w, 3) uint8.

    Grey and 16-bit images become 8-bit colour, transparent ones are laid on white, of animated ones the first picture
    counts; the EXIF orientation is applied.

    Raises:
        EmptyImageError, UnsupportedImageError, ImageTooLargeError: before anything is decoded.
        UndecodableImageError: truncated or corrupt.
    """
    return decode_photo(data, max_pixels).image


def decode_photo(data: bytes, max_pixels: int = MAX_PIXELS, most_reduction: Reduction | None = None) -> Photo:
    """Decode as decode_image does; a JPEG, where it may be, at a half, a quarter or an eighth of its size.

    libjpeg's scaled decoding leaves out most of the work: 58 ms become 23 for 12 megapixels at a quarter.

    Args:
        data: the encoded bytes.
        max_pixels: the limit.
        most_reduction: says for the upright photo's height and width how many times smaller it may be decoded. It is
            asked for the size as the header has it; turned by EXIF, height and width change places.

    Raises:
        ImageError: as decode_image.
    """
    header = read_header(data)
    check_pixels(header, max_pixels)
    data = guarded(header.format, data, header.width * header.height)
    reduction = choose_reduction(header, most_reduction) if most_reduction else 1
    heavy = header.width * header.height > HEAVY_PIXELS and may_be_transparent(header.format, data)
    with ONE_HEAVY if heavy else nullcontext():
        image = decode(data, header, FLAGS[reduction])
    width, height = header.width, header.height
    if image.shape[:2] != (divided(height, reduction), divided(width, reduction)):  # turned by its EXIF orientation
        width, height = height, width
    if image.shape[:2] != (divided(height, reduction), divided(width, reduction)):
        actual = f"{image.shape[1]} x {image.shape[0]}"
        raise UndecodableImageError(
            f"The {header.format} declares {header.width} x {header.height} pixels and has {actual}."
        )
    return Photo(image, width, height)


def choose_reduction(header: Header, most_reduction: Reduction) -> int:
    """Return a key of FLAGS: how many times smaller to decode a photo, whichever way its EXIF orientation turns it."""
    width, height = header.width, header.height
    allowed = min(most_reduction(height, width), most_reduction(width, height))
    reduction = max((factor for factor in FLAGS if factor <= allowed), default=1)
    looks_square = divided(width, reduction) == divided(height, reduction) and width != height
    return 1 if header.format != "JPEG" or looks_square else reduction


def divided(side: int, reduction: int) -> int:
    """Return a side after libjpeg's scaled decoding, which rounds up."""
    return -(-side // reduction)


def decode(data: bytes, header: Header, flags: int) -> Image:
    """Decode with OpenCV.

    Raises:
        UndecodableImageError: truncated or corrupt.
        MemoryError: the system has no memory for it now.
    """
    try:
        image = imdecode(data, flags)
        if image is None and header.format == "JPEG":
            image = without_end(data, flags)
        if image is not None and may_be_transparent(header.format, data):
            image = on_white(header.format, data, np.ascontiguousarray(image))
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(f"There is no memory for {header.width} x {header.height} pixels.") from None
        image = None
    if image is None:
        check_memory(header)
        raise UndecodableImageError(f"The {header.format} cannot be decoded; it is truncated or corrupt.")
    return np.asarray(image)


def check_memory(header: Header) -> None:
    """Raise MemoryError if there is no room for what decoding takes: most decoders call that a corrupt image, too."""
    np.empty(header.width * header.height * DECODING_BYTES + SPARE_BYTES, np.uint8)


def imdecode(data: bytes, flags: int) -> Image | None:
    """Decode with OpenCV, or return None."""
    image: Image | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return image


def without_end(data: bytes, flags: int) -> Image | None:
    """Decode a JPEG that lacks its last marker, as browsers do; None where it lacks part of its picture too.

    libjpeg fills what is missing. To tell: without its last bytes, a whole picture changes in its last corner only.
    """
    whole = imdecode(data + END_OF_IMAGE, flags)
    shorter = imdecode(data[:-LAST_BYTES] + END_OF_IMAGE, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if whole is None or shorter is None:
        return None
    stored = imdecode(data + END_OF_IMAGE, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    rows, columns = np.nonzero(np.any(stored != shorter, axis=2))
    at_the_end = len(rows) and rows[0] >= len(shorter) - LAST_ROWS and columns.min() >= shorter.shape[1] - LAST_COLUMNS
    return whole if at_the_end else None
