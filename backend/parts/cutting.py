"""Which parts of a photo are looked at: the whole of it, and grids of tiles that overlap.

Tiles of a grid overlap by a third, so each face of up to a third of a tile is whole in one of them at least; larger
ones are whole in a coarser grid. (F. C. Akyon et al., "Slicing Aided Hyper Inference", 2022, has tiles of one size.)
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

DETAILS = ("normal", "fine")
MAX_PARTS = 16
LONGEST_SQUEEZED = 2.5  # how many times longer than wide a photo may be to be looked at as a whole only
LONGEST_WHOLE = 5.0  # and to be looked at as a whole, too: for faces that fill it
OVERLAP = 1 / 3  # of a tile
LEAST_OVERLAP = 1 / 5  # where a long photo would need more tiles than allowed
ROW_TILE = 1.25  # length of a tile to its width, in a single row of them
GRID_TILE = 1.8  # and in a grid of more
MOST_ENLARGED = 2.5  # times that the first grid's tiles may be enlarged, by area's root; those of the next not at all
MOST_ROWS = 16  # more tiles than any limit allows


class DetailError(ValueError):
    """A detail that there is not."""


class Part(NamedTuple):
    """A part of a photo: its corners in pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Its width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Its height in pixels."""
        return self.bottom - self.top

    def scale(self, x: float, y: float) -> "Part":
        """Return the same part of a photo that is scaled by a factor for each axis."""
        left, top = int(self.left * x), int(self.top * y)
        return Part(left, top, max(left + 1, math.ceil(self.right * x)), max(top + 1, math.ceil(self.bottom * y)))


def check_detail(detail: str | None) -> str:
    """Return the detail, of None the default; raise DetailError if there is no such one."""
    if detail is None:
        return DETAILS[0]
    if not isinstance(detail, str) or detail not in DETAILS:
        raise DetailError(f"detail is {str(detail)[:40]!r}; it should be {' or '.join(DETAILS)}.")
    return detail


def cut(width: int, height: int, input_size: tuple[int, int] | None, detail: str, most: int = MAX_PARTS) -> list[Part]:
    """Return the parts of a photo to look at, the whole first where it is one of them.

    Args:
        width, height: of the upright photo, in pixels.
        input_size: height and width of the model's input; None: it takes any, and the whole is all there is to see.
        detail: one of DETAILS.
        most: parts at most, 1 or more.
    """
    whole = Part(0, 0, width, height)
    if input_size is None or most <= 1:
        return [whole]
    ratio = max(width, height) / min(width, height)
    parts = [whole] if ratio <= LONGEST_WHOLE else []
    if ratio > LONGEST_SQUEEZED:
        parts += row(width, height, most - len(parts))
    if detail == "fine":
        for rows in range(2, MOST_ROWS):
            columns = columns_for(ratio, rows, GRID_TILE)
            if len(parts) + rows * columns > most:
                break
            tiles = grid(width, height, rows, columns)
            if not helps(tiles[0], input_size, MOST_ENLARGED if rows == 2 else 1.0):
                break
            parts += tiles
    return parts


def helps(tile: Part, input_size: tuple[int, int], enlarged: float) -> bool:
    """Return whether a tile need not be enlarged more than so many times."""
    return math.sqrt(tile.width * tile.height) * enlarged >= math.sqrt(input_size[0] * input_size[1])


def row(width: int, height: int, most: int) -> list[Part]:
    """Return a row of tiles along a long photo, as near to squares as so many of them allow.

    Where they do not suffice, they overlap by less: a face that two of them cut is put together again (stitching.py).
    """
    ratio = max(width, height) / min(width, height)
    columns = columns_for(ratio, 1, ROW_TILE)
    if columns < most:
        return grid(width, height, 1, columns)
    squares = (most - ratio) / max(1, most - 1)  # tiles that overlap by so much are squares
    return grid(width, height, 1, most, min(OVERLAP, max(LEAST_OVERLAP, squares)))


def columns_for(ratio: float, rows: int, longest: float) -> int:
    """Return how many tiles stand along the longer side if ``rows`` do along the other, all overlapping by OVERLAP.

    Args:
        ratio: of the photo's longer side to the other.
        rows: tiles along the other.
        longest: how many times longer than wide a tile may be.
    """
    heights = ratio * (rows - (rows - 1) * OVERLAP) / longest  # of tiles, that the longer side is long
    return max(rows, math.ceil((heights - OVERLAP) / (1 - OVERLAP)))


def grid(width: int, height: int, rows: int, columns: int, overlap: float = OVERLAP) -> list[Part]:
    """Return tiles that overlap by a share of themselves; the columns are along the longer side."""
    across, down = (columns, rows) if width >= height else (rows, columns)
    return [
        Part(left, top, right, bottom)
        for top, bottom in cuts(height, down, overlap)
        for left, right in cuts(width, across, overlap)
    ]


def grids_of(parts: Sequence[Part]) -> list[int]:
    """Return the grid of each part, from 0: those of one follow each other, and differ by a pixel at most."""
    numbers = [0]
    for one, following in itertools.pairwise(parts):
        same = abs(one.width - following.width) <= 1 and abs(one.height - following.height) <= 1
        numbers.append(numbers[-1] + (not same))
    return numbers


def cuts(length: int, count: int, overlap: float = OVERLAP) -> list[tuple[int, int]]:
    """Return beginning and end of ``count`` pieces of a length, each overlapping the next by a share of itself."""
    piece = length / (count - (count - 1) * overlap)
    starts = [index * piece * (1 - overlap) for index in range(count)]
    return [(math.floor(start), min(length, math.ceil(start + piece))) for start in starts]
