"""Images with a harmless header and data that would take minutes or gigabytes are refused before they are decoded."""

from backend.images import isobmff, jpeg, png


def guarded(format: str, data: bytes, pixels: int) -> bytes:
    """Return what of an image may be decoded: all of it, but for what a PNG or AVIF carries beside its picture.

    Args:
        format, data: of the image.
        pixels: that its header declares.

    Raises:
        UndecodableImageError: it has more scans, chunks or compressed data than an image of its size has.
    """
    if format == "JPEG":
        jpeg.check_scans(data, pixels)
    if format == "AVIF":
        return isobmff.without_tracks(data)
    return png.checked(data) if format == "PNG" else data
