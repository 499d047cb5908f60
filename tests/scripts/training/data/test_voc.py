import numpy as np
import pytest
from small_inputs import detections

from backend.settings import ROOT
from scripts.training.data.voc import Truth, average_precision, iou_matrix, match, precision_recall, read_truths


def truth(boxes, class_ids, difficult=None):
    return Truth(
        ROOT / "kaggle_1.jpg",
        208,
        416,
        np.array(boxes, float).reshape(-1, 4),
        np.array(class_ids, np.int64),
        np.array(difficult if difficult else [False] * len(class_ids), bool),
    )


def test_iou_counts_sides_as_paddledetection_does():
    overlaps = iou_matrix(np.array([[0.0, 0, 9, 9]]), np.array([[0.0, 0, 9, 9], [5, 0, 14, 9], [20, 20, 30, 30]]))
    assert overlaps[0].tolist() == pytest.approx([1, 50 / 150, 0])


def test_match_right_wrong_twice_and_difficult():
    faces = truth([[0, 0, 10, 10], [50, 50, 60, 60]], [0, 0], [False, True])
    found = detections(
        [[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60], [100, 100, 110, 110], [0, 0, 10, 10]],
        [0.9, 0.8, 0.7, 0.6, 0.5],
        [0, 0, 0, 0, 1],
    )
    verdicts, indices = match(found, faces, 0.5)
    assert verdicts.tolist() == [1, 0, -1, 0, 0]
    assert indices.tolist() == [0, -1, -1, -1, -1]


@pytest.mark.parametrize("found", [detections([]), detections([[0, 0, 5, 5]])])
def test_match_with_nothing(found):
    assert match(found, truth([], []), 0.5)[0].tolist() == [0] * len(found)


def test_average_precision_by_hand():
    scores, verdicts = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, -1, 1])
    precision, recall, kept = precision_recall(scores, verdicts, 4)
    assert precision.tolist() == pytest.approx([1, 0.5, 2 / 3])
    assert recall.tolist() == pytest.approx([0.25, 0.25, 0.5])
    assert kept.tolist() == [0.9, 0.8, 0.6]
    assert average_precision(precision, recall) == pytest.approx(0.25 * 1 + 0.25 * 2 / 3)


def test_average_precision_of_nothing():
    precision, recall, _ = precision_recall(np.array([]), np.array([], int), 0)
    assert average_precision(precision, recall) == 0


def test_sides_are_those_of_the_scaled_photo():
    assert truth([[0, 0, 20, 40]], [0]).sides(416).tolist() == pytest.approx([40])
    assert truth([[0, 0, 20, 40]], [0]).source == "kaggle"


def test_read_truths(tmp_path):
    (tmp_path / "label_list.txt").write_text("face\nface_mask\n")
    (tmp_path / "a.xml").write_text(
        "<annotation><size><width>40</width><height>30</height></size><object><name>face_mask</name>"
        "<difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>40</xmax><ymax>30</ymax></bndbox></object>"
        "</annotation>"
    )
    (tmp_path / "b.xml").write_text("<annotation><size><width>4</width><height>3</height></size></annotation>")
    (tmp_path / "val.txt").write_text("a.jpg a.xml\nb.jpg b.xml\n")
    one, none = read_truths(tmp_path, tmp_path / "val.txt")
    assert (one.boxes.tolist(), one.class_ids.tolist(), one.difficult.tolist()) == ([[1, 2, 39, 29]], [1], [True])
    assert none.boxes.shape == (0, 4)
