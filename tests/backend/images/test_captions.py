import warnings

import numpy as np
import pytest

from backend.images.captions import in_ascii, in_plots
from backend.images.drawing import draw_results


@pytest.mark.parametrize(
    ("label", "picture", "plot"),
    [
        ("face_mask", "face_mask", "face_mask"),
        ("戴口罩", "class 1", "class 1"),
        ("masqué", "class 1", "masqué"),
        ("маска", "class 1", "маска"),
        ("a\nb", "class 1", "class 1"),
        ("😷", "class 1", "😷"),
    ],
)
def test_what_a_font_lacks_is_named_by_its_class(label, picture, plot):
    assert (in_ascii(label, 1), in_plots(label, 1)) == (picture, plot)


def test_drawing_such_a_label_warns_of_nothing():
    result = {"label": "戴口罩", "class_id": 1, "score": 0.9, "box": [10, 30, 60, 80]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw_results(np.zeros((100, 100, 3), np.uint8), [result]).any()
