"""A face that is larger than the overlap of two tiles, and cut by both: its pieces become one, or the larger stands."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.model.detections import Detections, concatenate
from backend.parts.cutting import Part
from backend.parts.matching import Floats, areas, edges_touched

SAME_SPAN = 0.6  # IoU of the pieces in the direction along the edge that cuts them
LEFT, TOP, RIGHT, BOTTOM = range(4)
OPPOSITE = {RIGHT: LEFT, BOTTOM: TOP}


def stitch(looks: Sequence[Detections], parts: Sequence[Part], width: int, height: int) -> Detections:
    """Return the faces of which two tiles, one after the other, show a piece each, by falling score.

    Args:
        looks: what was found in each part, in pixels of the photo.
        parts: where.
        width, height: of the photo, in pixels.
    """
    found = [Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))]
    for index, part in enumerate(parts):
        for other, beyond in enumerate(parts):
            edge = shared_edge(part, beyond)
            if edge is not None:
                first = cut_at(looks[index], part, edge, width, height)
                second = cut_at(looks[other], beyond, OPPOSITE[edge], width, height)
                found.append(joined(first, second, fit(first, second, edge)))
    together = concatenate(found)
    return Detections.sort(together.boxes, together.scores, together.class_ids)


def lone_pieces(looks: Sequence[Detections], parts: Sequence[Part], width: int, height: int) -> Detections:
    """Return what an edge cuts and reaches beyond all other tiles, so that none of them can show more of it.

    Args:
        looks, parts, width, height: as for stitch.
    """
    corners = np.array(parts, np.float32)
    found = []
    for index, look in enumerate(looks):
        cut = np.any(edges_touched(look.boxes, corners[index], width, height), axis=1)
        others = np.delete(corners, index, axis=0)
        inside = (look.boxes[:, None, :2] >= others[None, :, :2]) & (look.boxes[:, None, 2:] <= others[None, :, 2:])
        seen_elsewhere = np.any(np.all(inside, axis=2), axis=1)
        found.append(look.select(np.logical_and(cut, np.logical_not(seen_elsewhere))))
    together = concatenate(found)
    return Detections.sort(together.boxes, together.scores, together.class_ids)


def joined(first: Detections, second: Detections, belong: NDArray[np.bool_]) -> Detections:
    """Return each pair of pieces that belong together, (n, m), as one: the box around both, the mean score by area."""
    a, b = np.nonzero(belong)
    first_area, second_area = areas(first.boxes)[a], areas(second.boxes)[b]
    scores = (first.scores[a] * first_area + second.scores[b] * second_area) / (first_area + second_area)
    corners = np.minimum(first.boxes[a, :2], second.boxes[b, :2]), np.maximum(first.boxes[a, 2:], second.boxes[b, 2:])
    return Detections(np.concatenate(corners, axis=1), scores.astype(np.float32), first.class_ids[a])


def shared_edge(part: Part, beyond: Part) -> int | None:
    """Return the edge of a tile, RIGHT or BOTTOM, over which another one continues it; None if it does not."""
    if (part.top, part.bottom) == (beyond.top, beyond.bottom) and part.left < beyond.left < part.right < beyond.right:
        return RIGHT
    if (part.left, part.right) == (beyond.left, beyond.right) and part.top < beyond.top < part.bottom < beyond.bottom:
        return BOTTOM
    return None


def cut_at(look: Detections, part: Part, edge: int, width: int, height: int) -> Detections:
    """Return what was found in a part and is cut by one of its edges."""
    touched = edges_touched(look.boxes, np.array(part, np.float32), width, height)
    return look.select(touched[:, edge])


def fit(first: Detections, second: Detections, edge: int) -> NDArray[np.bool_]:
    """Return which pieces belong together, (n, m): of one label, as high as each other, and they overlap."""
    along = 1 if edge == RIGHT else 0
    same_span = span_iou(first.boxes, second.boxes, along) > SAME_SPAN
    meet = span_iou(first.boxes, second.boxes, 1 - along) > 0
    return np.asarray(same_span & meet & (first.class_ids[:, None] == second.class_ids[None]))


def span_iou(a: Floats, b: Floats, axis: int) -> Floats:
    """Return the IoU (n, m) of the boxes' spans on one axis, 0 for x."""
    low = np.maximum(a[:, None, axis], b[None, :, axis])
    high = np.minimum(a[:, None, axis + 2], b[None, :, axis + 2])
    outer = np.maximum(a[:, None, axis + 2], b[None, :, axis + 2]) - np.minimum(a[:, None, axis], b[None, :, axis])
    return np.asarray(np.clip(high - low, 0, None) / np.maximum(outer, 1e-6))
