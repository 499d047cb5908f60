"""How much boxes overlap, and which of them a part of the photo shows whole."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.parts.cutting import Part

Floats = NDArray[np.floating[Any]]

AT_AN_EDGE = 0.01  # of a part's side: a box that comes so near to an edge inside the photo is cut by it
LARGEST = 0.5  # of a tile's side: for what is larger there are coarser looks


def overlaps(a: Floats, b: Floats, of_smaller: bool = False) -> Floats:
    """Return the overlap (n, m) of boxes (n, 4) and (m, 4): the IoU, or the share of the smaller box."""
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    opposite = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(opposite - corner, 0, None).prod(axis=2)
    first, second = areas(a)[:, None], areas(b)[None]
    against = np.minimum(first, second) if of_smaller else first + second - both
    return np.asarray(both / np.maximum(against, np.finfo(np.float32).tiny))


def areas(boxes: Floats) -> Floats:
    """Return the areas (n,) of boxes (n, 4)."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def edges_touched(boxes: Floats, parts: Floats, width: int, height: int) -> NDArray[np.bool_]:
    """Return which edges of parts, those of the photo apart, boxes touch or cross: (..., 4), left top right bottom.

    Args:
        boxes: (..., 4), and
        parts: (..., 4), of shapes that go together.
        width, height: of the photo.
    """
    margin = AT_AN_EDGE * np.concatenate([parts[..., 2:] - parts[..., :2]] * 2, axis=-1)
    inside = np.stack([parts[..., 0] > 0, parts[..., 1] > 0, parts[..., 2] < width, parts[..., 3] < height], axis=-1)
    from_edge = np.concatenate([boxes[..., :2] - parts[..., :2], parts[..., 2:] - boxes[..., 2:]], axis=-1)
    return np.asarray((from_edge < margin) & inside)


def whole_in(boxes: Floats, parts: Sequence[Part], width: int, height: int) -> NDArray[np.bool_]:
    """Return which boxes (n, 4) each part is for, (n, parts): those that it shows whole, and not too large."""
    corners = np.array(parts, np.float32)
    uncut = ~edges_touched(boxes[:, None], corners[None], width, height).any(axis=2)
    sides = corners[:, 2:] - corners[:, :2]
    small_enough = ((boxes[:, None, 2:] - boxes[:, None, :2]) / sides[None]).max(axis=2) < LARGEST
    coarsest = (sides == np.array([width, height])).any(axis=1)  # the whole, or a row of tiles
    return np.asarray(uncut & (small_enough | coarsest))
