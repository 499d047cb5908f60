import numpy as np
import pytest

from scripts.training.fine_tuning.augmentation import FAULTS, away_from_faces, mosaic, tilt


def sample(boxes, width=80, height=60):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return {"image": image, "gt_bbox": boxes, "gt_class": np.arange(len(boxes), dtype=np.int32)[:, None]}


def test_a_round_face_keeps_its_box_where_the_photo_is_tilted_about_it():
    tilted = tilt(sample([[30, 20, 50, 40]]), 20)
    np.testing.assert_allclose(tilted["gt_bbox"], [[30, 20, 50, 40]], atol=1e-4)


def test_a_quarter_turn_swaps_the_sides():
    tilted = tilt(sample([[35, 10, 45, 50]]), 90)
    np.testing.assert_allclose(tilted["gt_bbox"], [[20, 25, 60, 35]], atol=1e-4)


def test_a_face_that_leaves_the_frame_is_no_label_any_more():
    tilted = tilt(sample([[0, 0, 10, 10], [30, 20, 50, 40]]), 45)
    assert tilted["gt_class"].tolist() == [[1]]


@pytest.mark.parametrize("degrees", [0, 20])
def test_a_photo_without_faces_can_be_tilted(degrees):
    assert tilt(sample([]), degrees)["gt_bbox"].shape == (0, 4)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_changes_pixels_and_neither_size_nor_type(fault):
    image = sample([])["image"]
    spoilt = fault(image.copy())
    assert (spoilt.shape, spoilt.dtype) == (image.shape, np.uint8)
    assert (spoilt != image).any()


def test_a_part_away_from_faces_has_no_labels():
    part = away_from_faces(sample([[0, 0, 10, 10]]), 40, 10, 30, 40)
    assert part["image"].shape == (40, 30, 3)
    assert (part["h"], part["w"]) == (40, 30)
    assert part["gt_bbox"].shape == (0, 4)
    assert part["gt_class"].shape == (0, 1)


@pytest.mark.parametrize("corner", [(5, 5), (12, 0)], ids=["on the face", "within its margin"])
def test_no_part_near_a_face(corner):
    assert away_from_faces(sample([[0, 0, 10, 10]]), *corner, 30, 40) is None


def test_a_mosaic_moves_every_box_into_its_quarter():
    whole = [[0, 0, 80, 60]]
    made = mosaic([sample(whole) for _ in range(4)], 100, 40, 60)
    assert made["image"].shape == (100, 100, 3)
    assert made["gt_bbox"].tolist() == [[0, 0, 40, 60], [40, 0, 100, 60], [0, 60, 40, 100], [40, 60, 100, 100]]
    assert made["gt_class"].shape == (4, 1)
