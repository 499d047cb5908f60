import pytest

from backend.images.av1 import MOST_UNITS, frame_sizes
from backend.images.errors import UndecodableImageError


def bits(*fields):
    """Numbers of so many bits, as bytes."""
    text = "".join(f"{value:0{count}b}" for value, count in fields)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def unit(content, kind=1, has_size=True, extended=False):
    head = bytes([kind << 3 | extended << 2 | has_size << 1]) + b"\0" * extended
    size = bytes([len(content) & 127 | 128, len(content) >> 7])
    return head + (size if has_size else b"") + content


SIZE = ((15, 4), (15, 4), (6300 - 1, 16), (40 - 1, 16))
REDUCED = bits((0, 3), (1, 1), (1, 1), (5, 5), *SIZE)
FULL = bits((0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (9, 5), (0, 1), *SIZE)
TIMED = bits(
    *((0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (1, 32), (1, 1), (0b00101, 5), (1, 1), (3, 5), (1, 32), (4, 5), (4, 5)),
    *((1, 1), (1, 5)),
    *(((0, 12), (2, 5), (1, 1), (0, 9), (1, 1), (0, 4)) * 2),
    *SIZE,
)


LONGEST = bits(
    *((0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (1, 32), (1, 1), (0, 31), (1, 1), (0, 31), (1, 1), (31, 5)),
    *((1, 32), (4, 5), (4, 5), (1, 1), (31, 5)),
    *(((0, 12), (9, 5), (0, 1), (1, 1), (0, 65), (1, 1), (0, 4)) * 32),
    *SIZE,
)


@pytest.mark.parametrize(
    "header", [REDUCED, FULL, TIMED, LONGEST], ids=["reduced", "full", "with timing", "all that may be"]
)
def test_the_size_stands_behind_all_that_may_come_before_it(header):
    assert list(frame_sizes(unit(b"", kind=2) + unit(header))) == [(6300, 40)]


def test_every_sequence_header_counts():
    data = unit(REDUCED) + unit(bytes(9), kind=3) + unit(FULL, extended=True) + unit(REDUCED, has_size=False)
    assert list(frame_sizes(data)) == [(6300, 40)] * 3


@pytest.mark.parametrize("data", [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff", b"\xff" * 50])
def test_what_is_cut_or_no_av1(data):
    assert all(width >= 1 and height >= 1 for width, height in frame_sizes(data))


def test_very_many_units_are_refused():
    with pytest.raises(UndecodableImageError, match=f"over {MOST_UNITS} units"):
        list(frame_sizes(unit(b"", kind=2) * (MOST_UNITS + 1)))
