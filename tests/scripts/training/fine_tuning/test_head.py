import numpy as np
import pytest

from scripts.training.fine_tuning.head import fit_head, inverse, scale_head, source_rows


def head(rows, channels=6):
    values = np.arange(rows * channels, dtype=np.float32).reshape(rows, channels, 1, 1)
    return {"head.head_cls0.weight": values, "head.head_cls0.bias": np.arange(rows, dtype=np.float32)}


def test_the_head_keeps_its_box_rows_and_starts_each_class_as_person():
    state = head(80 + 32) | {"backbone.conv.weight": np.ones(3, np.float32)}
    model = head(2 + 32) | {"backbone.conv.weight": np.zeros(3)}
    fitted = fit_head(state, model, reg_max=7, labels=["a", "b"])
    weight, bias = fitted["head.head_cls0.weight"], fitted["head.head_cls0.bias"]
    assert weight.shape == (34, 6, 1, 1)
    assert bias.tolist() == [0, 0, *range(80, 112)]
    np.testing.assert_array_equal(weight[0], state["head.head_cls0.weight"][0])
    np.testing.assert_array_equal(weight[2:], state["head.head_cls0.weight"][80:])
    assert fitted["backbone.conv.weight"] is state["backbone.conv.weight"]


@pytest.mark.parametrize("box_rows", [0, 32], ids=["boxes apart", "boxes shared"])
def test_classes_of_the_same_name_are_taken_over(box_rows):
    fitted = fit_head(head(2 + box_rows), head(3 + box_rows), 7, ["new", "face_mask", "face"], ["face", "face_mask"])
    assert fitted["head.head_cls0.bias"].tolist() == [0, 1, 0, *range(2, 2 + box_rows)]


def test_a_head_that_fits_stays_as_it_is():
    state = head(34)
    fitted = fit_head(state, head(34), 7, ["a", "b"])
    assert all((fitted[name] == state[name]).all() for name in state)


@pytest.mark.parametrize(
    ("labels", "source", "classes", "rows"),
    [
        (["b", "a"], ["a", "b"], 2, [1, 0]),
        (["x"], ["a", "b"], 2, [0]),
        (["x", "y"], None, 2, [0, 1]),
        (["x", "y", "z"], None, 80, [0, 0, 0]),
    ],
)
def test_where_a_class_starts(labels, source, classes, rows):
    assert source_rows(labels, source, classes) == rows


def test_a_scaling_is_taken_back():
    state, scaling = head(34) | {"head.head_cls_conv.weight": np.ones(2)}, [(2.0, -1.0), (0.5, 3.0)]
    scaled = scale_head(state, scaling)
    assert scaled["head.head_cls0.bias"][:3].tolist() == [-1, 3.5, 2]
    back = scale_head(scaled, inverse(scaling))
    for name, value in state.items():
        np.testing.assert_allclose(back[name], value, atol=1e-5)
