"""Encoded bytes -> an upright BGR image, with every limit checked before anything is decoded."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import imagesize
import numpy as np
from numpy.typing import NDArray

from backend.errors import EmptyImageError, ImageTooLargeError, UndecodableImageError, UnsupportedImageError
from backend.image_guard import check_data

MAX_PIXELS = 40_000_000
LONGEST_SIDE = 1_000_000  # libpng's limit

# first bytes of the formats, from their specifications; WebP has its name behind RIFF's length
SIGNATURES = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "BMP": b"BM"}
OS2_HEADER = b"\x0c\0\0\0"  # a BMP's header of 12 bytes, with sizes of 16 bits
OTHER_FORMATS = {
    b"GIF8": "a GIF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
    b"\0\0\1\0": "an icon",
    b"8BPS": "a Photoshop file",
}


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


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image say: its format, and its size before any EXIF orientation."""

    format: str
    width: int
    height: int


def image_format(data: bytes) -> str:
    """Return JPEG, PNG, WebP or BMP, by the signature.

    Raises:
        EmptyImageError: no bytes.
        UnsupportedImageError: any other signature, named where it is a common one.
    """
    if not data:
        raise EmptyImageError("The image is empty (0 bytes); send a JPEG, PNG, WebP or BMP.")
    for name, signature in SIGNATURES.items():
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    raise UnsupportedImageError(f"The image is {describe(data)}; send a JPEG, PNG, WebP or BMP.")


def describe(data: bytes) -> str:
    """Name what the bytes look like instead of an image that is supported."""
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "an AVIF" if brand.startswith(b"avi") else "a HEIC" if brand[:3] in (b"hei", b"mif") else "a video"
    for signature, name in OTHER_FORMATS.items():
        if data.startswith(signature):
            return name
    return "in no known image format"


def read_header(data: bytes) -> Header:
    """Read format and size without decoding.

    Raises:
        EmptyImageError, UnsupportedImageError: as image_format.
        UndecodableImageError: no usable size in the header.
    """
    name = image_format(data)
    try:
        if name == "BMP" and data[14:18] == OS2_HEADER:  # imagesize knows the later header only
            width, height = struct.unpack("<HH", data[18:22])
        else:
            width, height = imagesize.get(io.BytesIO(data), exif_rotation=False)
    except Exception:  # imagesize raises whatever its parsing meets in a hostile header
        width, height = -1, -1
    if width < 1 or height < 1:
        raise UndecodableImageError(f"The {name} has no readable header; it is truncated or corrupt.")
    return Header(name, width, height)


def check_pixels(header: Header, max_pixels: int) -> None:
    """Raise ImageTooLargeError if the header declares more pixels than the limit, or a side that no decoder takes."""
    if max(header.width, header.height) > LONGEST_SIDE:
        raise ImageTooLargeError(
            f"The image has {header.width} x {header.height} pixels; a side may have at most {LONGEST_SIDE}."
        )
    if header.width * header.height > max_pixels:
        limit = f"{max_pixels / 1e6:g} megapixels" if max_pixels >= 1e6 else f"{max_pixels} pixels"
        raise ImageTooLargeError(f"The image has {header.width} x {header.height} pixels; at most {limit} are taken.")


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode a JPEG, PNG, WebP or BMP to an upright BGR image (h, w, 3) uint8.

    Grey, 16-bit and transparent images become 8-bit colour; the EXIF orientation is applied.

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
    check_data(header.format, data)
    reduction = choose_reduction(header, most_reduction) if most_reduction else 1
    image = decode(data, header, FLAGS[reduction])
    width, height = header.width, header.height
    if image.shape[:2] != (divided(height, reduction), divided(width, reduction)):  # turned by its EXIF orientation
        width, height = height, width
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
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise UndecodableImageError(f"The {header.format} cannot be decoded; it is truncated or corrupt.")
    return np.asarray(image)
