"""The image formats that are taken: told by their first bytes; size read, and limited, before anything is decoded."""

import io
import struct
from dataclasses import dataclass
from functools import cache

import cv2
import imagesize

from backend.images import isobmff, jpeg, tiff
from backend.images.errors import EmptyImageError, ImageTooLargeError, UndecodableImageError, UnsupportedImageError

MAX_PIXELS = 40_000_000
LONGEST_SIDE = 1_000_000  # libpng's limit

# first bytes of the formats, from their specifications; WebP has its name behind RIFF's length
SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
OPTIONAL = {"GIF": ".gif", "TIFF": ".tiff", "AVIF": ".avif"}  # not every build of OpenCV has them
SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")  # lower case
NAMES = "JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF"
OS2_HEADER = b"\x0c\0\0\0"  # a BMP's header of 12 bytes, with sizes of 16 bits
OTHER_FORMATS = {
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
    b"\0\0\1\0": "an icon",
    b"8BPS": "a Photoshop file",
    b"II+\0": "a BigTIFF",
    b"MM\0+": "a BigTIFF",
}


@dataclass(frozen=True)
class Header:
    """What the first bytes of an image say: its format, and its size before any EXIF orientation."""

    format: str
    width: int
    height: int


def image_format(data: bytes) -> str:
    """Return the name of a format, one of NAMES, by the signature.

    Raises:
        EmptyImageError: no bytes.
        UnsupportedImageError: any other signature, named where it is a common one.
    """
    if not data:
        raise EmptyImageError(f"The image is empty (0 bytes); send a {NAMES}.")
    found = next((name for signature, name in SIGNATURES.items() if data.startswith(signature)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "WebP"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        found = "AVIF"
    if not found or (found in OPTIONAL and not is_readable(OPTIONAL[found])):
        raise UnsupportedImageError(f"The image is {describe(data)}; send a {NAMES}.")
    return found


@cache
def is_readable(suffix: str) -> bool:
    """Return whether this build of OpenCV has the codec of a suffix."""
    return bool(cv2.haveImageWriter(f"a{suffix}"))


def describe(data: bytes) -> str:
    """Name what the bytes look like instead of an image that is supported."""
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "a HEIC" if brand[:3] in (b"hei", b"hev", b"mif", b"msf") else "a video or another kind of picture"
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
        if name == "JPEG":  # imagesize walks it in another way than libjpeg, which would decode another frame
            width, height = jpeg.frame_size(data)
        elif name == "AVIF":
            width, height = isobmff.picture_size(data)
        elif name == "TIFF":
            width, height = tiff.picture_size(data)
        elif name == "BMP" and data[14:18] == OS2_HEADER:  # imagesize knows the later header only
            width, height = struct.unpack("<HH", data[18:22])
        else:
            width, height = imagesize.get(io.BytesIO(data), exif_rotation=False)
    except UndecodableImageError:
        raise
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
