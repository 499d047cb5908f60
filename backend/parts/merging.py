"""From what was found in each part to the detections of the photo: a face seen twice becomes one, with one score.

Boxes are joined as weighted boxes fusion does (R. Solovyev et al., 2021). The score is a logarithmic opinion pool: the
mean of the log-odds in all grids that show the face whole, also those that did not find it, each trusted by how well
the face's size there suits the model. Of tiles of one grid, the surest speaks for it. Constants: fitted on the
validation photos (models/README.md, "A finer look").
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.model.detections import Detections, concatenate
from backend.model.nms import suppress
from backend.parts.cutting import Part, grids_of
from backend.parts.matching import Floats, areas, overlaps, whole_in
from backend.parts.stitching import lone_pieces, stitch

BEST_SIDE = 0.13  # of a part's: the face's side with which the model is at its best
SPREAD = 1.0  # standard deviation of the logarithm of that
LOWEST = 0.003  # score that counts in one of several looks; below, the time goes up and the precision down
NOT_FOUND = 0.02  # score of a face where it was not found
SURE = 0.98  # a single look is not taken for surer than that
AS_SURE = 0.5  # what is cut gives way to what is whole and has this share of its score
SCALE, BIAS = 1.25, 0.8  # of the mean log-odds, so that scores stay probabilities


def merge(
    looks: Sequence[Detections], parts: Sequence[Part], width: int, height: int, iou_threshold: float
) -> Detections:
    """Return the detections of a photo.

    Args:
        looks: what was found in each part, in pixels of the photo.
        parts: where.
        width, height: of the photo, in pixels.
        iou_threshold: boxes of one label that overlap more are one face, 0 to 1.
    """
    if len(parts) == 1:
        return looks[0]
    found = concatenate(looks)
    from_part = np.repeat(np.arange(len(parts)), [len(look) for look in looks])
    uncut = whole_in(found.boxes, parts, width, height)[np.arange(len(found)), from_part]
    order = np.argsort(-found.scores[uncut], kind="stable")
    seen, seen_in = found.select(uncut).select(order), from_part[uncut][order]
    merged = fuse(seen, seen_in, parts, (width, height), iou_threshold).clip(width, height)
    merged = merged.select(groups(merged, iou_threshold)[0])  # joined boxes may overlap where those before did not
    if (parts[0].width, parts[0].height) == (width, height):  # which shows the faces that are too large for the others
        return merged
    merged = with_stitched(merged, stitch(looks, parts, width, height), iou_threshold)
    return with_pieces(merged, lone_pieces(looks, parts, width, height).clip(width, height), iou_threshold)


def fuse(
    seen: Detections, seen_in: NDArray[np.int64], parts: Sequence[Part], size: tuple[int, int], iou_threshold: float
) -> Detections:
    """Return one detection for each face.

    Args:
        seen: sorted by falling score; none is cut by a part's edge.
        seen_in: (n,), the index of the part.
        parts: all of them.
        size: width and height of the photo.
        iou_threshold: as for merge.
    """
    best, group = groups(seen, iou_threshold)
    weights = np.zeros(len(best))
    np.add.at(weights, group, seen.scores)
    boxes = np.zeros((len(best), 4))
    np.add.at(boxes, group, seen.boxes * seen.scores[:, None])
    joined = (boxes / weights[:, None]).astype(np.float32)
    grids = np.array(grids_of(parts))
    scores, shown = np.full((len(best), grids[-1] + 1), NOT_FOUND), np.zeros((len(best), grids[-1] + 1), bool)
    np.maximum.at(scores, (group, grids[seen_in]), seen.scores)
    face, part = np.nonzero(whole_in(joined, parts, *size))
    shown[face, grids[part]] = shown[group, grids[seen_in]] = True
    firsts = [parts[index] for index in np.unique(grids, return_index=True)[1]]
    return Detections.sort(joined, pool(scores, shown, trust(joined, firsts)), seen.class_ids[best])


def groups(seen: Detections, iou_threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the index of the best detection of each face, and for each detection which face it is of."""
    if not len(seen):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    apart = seen.class_ids[:, None] * np.float32(2 * max(float(seen.boxes.max()), 1.0))  # labels do not overlap so
    boxes = seen.boxes + apart
    alone = Detections(boxes, seen.scores, np.arange(len(seen)))
    best = suppress(alone, iou_threshold, len(seen)).class_ids
    same = overlaps(boxes, boxes[best]) > iou_threshold
    same[best, np.arange(len(best))] = True
    return best, same.argmax(axis=1)


def trust(boxes: Floats, parts: Sequence[Part]) -> Floats:
    """Return how far parts of such sizes are to be trusted about each box: (n, parts), above 0."""
    part_areas = np.array([part.width * part.height for part in parts])
    sides = np.sqrt(np.maximum(areas(boxes), 1)[:, None] / part_areas)
    return np.asarray(np.exp(-(np.log(sides / BEST_SIDE) ** 2) / (2 * SPREAD**2)))


def pool(scores: Floats, shown: NDArray[np.bool_], weights: Floats) -> NDArray[np.float32]:
    """Return one score for each face, from those in the grids that show it whole; of a single one its own.

    Args:
        scores: (n, grids), 0 to 1.
        shown: (n, grids), at least one True a face.
        weights: (n, grids), above 0.
    """
    clipped = np.clip(scores, NOT_FOUND, SURE)
    log_odds = np.log(clipped / (1 - clipped))
    weights = np.where(shown, weights, 0)
    mean = (log_odds * weights).sum(axis=1) / weights.sum(axis=1)
    pooled = 1 / (1 + np.exp(-(SCALE * mean + BIAS)))
    single = shown.sum(axis=1) == 1
    chosen: Floats = np.where(single, (scores * shown).max(axis=1), pooled)
    return chosen.astype(np.float32)


def with_pieces(merged: Detections, pieces: Detections, iou_threshold: float) -> Detections:
    """Add what is left of faces of which one tile alone shows a piece, best first, where nothing else is as sure."""
    for index in range(len(pieces)):
        piece = pieces.select(np.array([index]))
        same = overlaps(piece.boxes, merged.boxes, of_smaller=True)[0] > iou_threshold
        if not np.any(same & (merged.scores >= AS_SURE * piece.scores)):
            merged = concatenate([merged.select(np.logical_not(same)), piece])
    return Detections.sort(merged.boxes, merged.scores, merged.class_ids)


def with_stitched(merged: Detections, stitched: Detections, iou_threshold: float) -> Detections:
    """Add the faces that no part shows whole, where nothing else was found."""
    if not len(stitched):
        return merged
    stitched = suppress(stitched, iou_threshold, len(stitched))
    same = overlaps(merged.boxes, stitched.boxes, of_smaller=True) > iou_threshold
    surer = merged.scores[:, None] >= stitched.scores[None]
    is_new = np.logical_not((same & surer).any(axis=0))
    is_piece = (same & is_new[None]).any(axis=1)  # of a new one
    both = concatenate([merged.select(np.logical_not(is_piece)), stitched.select(is_new)])
    return Detections.sort(both.boxes, both.scores, both.class_ids)
