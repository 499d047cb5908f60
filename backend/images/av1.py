"""AV1's sequence headers: how large its frames are (AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5)."""

from collections.abc import Iterator

from backend.images.errors import UndecodableImageError

SEQUENCE_HEADER = 1  # OBU type
MOST_UNITS = 1000  # a still picture has a handful
HEADER_BYTES = 1024  # more than any sequence header takes before its sizes: some 400 for 32 operating points


class Bits:
    """Reads numbers of some bits each; past the end they are 0."""

    def __init__(self, data: bytes):
        self.number = int.from_bytes(data[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0"), "big")
        self.left = 8 * HEADER_BYTES

    def read(self, count: int) -> int:
        """Return the next ``count`` bits as a number."""
        self.left = max(0, self.left - count)
        return self.number >> self.left & ((1 << count) - 1)

    def skip_variable(self) -> None:
        """Skip a number of variable length (uvlc)."""
        zeros = 0
        while zeros < 32 and self.left and not self.read(1):
            zeros += 1
        self.read(zeros if zeros < 32 else 0)


def frame_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield largest width and height of a frame, of each sequence header among the units (OBUs).

    Raises:
        UndecodableImageError: there are more units than a picture has.
    """
    at = 0
    for _ in range(MOST_UNITS):
        if at >= len(data):
            return
        kind, extended, has_size = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        size = len(data) - at
        if has_size:
            size, at = leb128(data, at)
        if kind == SEQUENCE_HEADER:
            yield size_in_header(data[at : at + size])
        at += size
    raise UndecodableImageError(f"The AVIF has over {MOST_UNITS} units in a picture; it is corrupt.")


def leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, and the position behind it."""
    value = 0
    for index in range(8):
        byte = data[at + index] if at + index < len(data) else 0
        value |= (byte & 127) << 7 * index
        if not byte & 128:
            return value, at + index + 1
    return value, at + 8


def size_in_header(data: bytes) -> tuple[int, int]:
    """Return max_frame_width and max_frame_height of a sequence header (5.5.1)."""
    bits = Bits(data)
    bits.read(4)  # seq_profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def skip_operating_points(bits: Bits) -> None:
    """Skip what a sequence header says of timing and operating points."""
    delay_bits = 0
    if bits.read(1):  # timing_info_present_flag
        bits.read(64)
        if bits.read(1):  # equal_picture_interval
            bits.skip_variable()
        if bits.read(1):  # decoder_model_info_present_flag
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_initial_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # seq_level_idx
            bits.read(1)
        if delay_bits and bits.read(1):  # decoder_model_present_for_this_op
            bits.read(2 * delay_bits + 1)
        if has_initial_delay and bits.read(1):
            bits.read(4)
