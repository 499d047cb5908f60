import pytest

from backend.model.labels import exclude_each_other


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("face", "face_mask"), True),
        (("face", "face_mask", "face_mask_incorrect"), True),
        (("with_mask", "without_mask", "mask_weared_incorrect"), True),
        (("未戴口罩", "戴口罩"), True),
        (("Mask", "no mask"), True),
        (("helmet",), True),
        (("person", "bicycle", "car", "motorcycle"), False),
        (("helmet", "person", "vest"), False),
        (("人", "自行车"), False),
        (("c10", "c11", "c12"), False),
        (("a", "b"), False),
    ],
)
def test_which_labels_exclude_each_other(labels, expected):
    assert exclude_each_other(labels) is expected
