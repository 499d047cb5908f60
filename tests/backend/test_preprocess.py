import cv2
import numpy as np
import pytest

from backend.model.errors import ModelError
from backend.model.preprocess_config import build_preprocessor

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
RESIZE = {"type": "Resize", "target_size": [64, 96], "keep_ratio": False, "interp": 2}
NORMALIZE = {"type": "NormalizeImage", "mean": MEAN, "std": STD, "is_scale": True}
PERMUTE = {"type": "Permute"}
PAD = {"type": "PadStride", "stride": 32}


def reference(image, target, keep_ratio, interp, is_scale, norm_type, stride):
    """The same in plain NumPy and OpenCV, after PaddleDetection's description of its classes."""
    height, width = image.shape[:2]
    scale_y, scale_x = target[0] / height, target[1] / width
    if keep_ratio:
        scale_x = scale_y = min(min(target) / min(height, width), max(target) / max(height, width))
    rgb = image[:, :, ::-1]
    scaled = cv2.resize(rgb, (round(width * scale_x), round(height * scale_y)), interpolation=interp)
    values = scaled.astype(np.float64) / (255 if is_scale else 1)
    if norm_type == "mean_std":
        values = (values - np.array(MEAN)) / np.array(STD)
    rows, columns = values.shape[:2]
    padded = np.zeros((-(-rows // stride) * stride, -(-columns // stride) * stride, 3))
    padded[:rows, :columns] = values
    return padded.transpose(2, 0, 1)[None], (scale_y, scale_x), (rows, columns)


@pytest.mark.parametrize("keep_ratio", [True, False])
@pytest.mark.parametrize("interp", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("is_scale", [True, False])
@pytest.mark.parametrize("norm_type", ["mean_std", "none"])
@pytest.mark.parametrize("size", [(60, 80), (200, 50), (31, 257)])
def test_equals_the_reference(keep_ratio, interp, is_scale, norm_type, size):
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    steps = [
        RESIZE | {"keep_ratio": keep_ratio, "interp": interp},
        NORMALIZE | {"is_scale": is_scale, "norm_type": norm_type},
        PERMUTE,
        PAD,
    ]
    prepared = build_preprocessor(steps)(image)
    expected, scale, shape = reference(image, (64, 96), keep_ratio, interp, is_scale, norm_type, 32)
    assert prepared.tensor.dtype == np.float32
    assert prepared.tensor.flags.c_contiguous
    np.testing.assert_allclose(prepared.tensor, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(prepared.scale_factor, [scale], rtol=1e-6)
    np.testing.assert_array_equal(prepared.im_shape, [shape])


def test_the_order_of_the_steps_counts(noise):
    first = build_preprocessor([RESIZE, NORMALIZE, PERMUTE])(noise).tensor
    second = build_preprocessor([NORMALIZE, RESIZE, PERMUTE])(noise).tensor
    assert first.shape == second.shape
    assert np.abs(first - second).max() > 1e-3


def test_normalisation_in_the_graph_leaves_the_pixels(noise):
    prepared = build_preprocessor([PERMUTE])(noise)
    np.testing.assert_array_equal(prepared.tensor[0, 0], noise[:, :, 2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1)])
def test_extreme_shapes(shape):
    image = np.full((*shape, 3), 128, np.uint8)
    for keep_ratio in (True, False):
        prepared = build_preprocessor([RESIZE | {"keep_ratio": keep_ratio}, NORMALIZE, PERMUTE, PAD])(image)
        assert np.isfinite(prepared.tensor).all()


def test_the_photo_is_not_changed(noise):
    before = noise.copy()
    build_preprocessor([NORMALIZE, PERMUTE])(noise)
    np.testing.assert_array_equal(noise, before)


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([{"type": "WarpAffine"}, PERMUTE], "'WarpAffine' is not supported"),
        ([{"interp": 1}, PERMUTE], "None is not supported"),
        ([RESIZE | {"target_size": [416]}, PERMUTE], "Resize.target_size"),
        ([RESIZE | {"target_size": [0, 416]}, PERMUTE], "Resize.target_size"),
        ([RESIZE | {"target_size": [10**6, 416]}, PERMUTE], "Resize.target_size"),
        ([RESIZE | {"target_size": True}, PERMUTE], "Resize.target_size is True"),
        ([RESIZE | {"interp": [2]}, PERMUTE], "Resize.interp"),
        ([{"type": ["Resize"]}, PERMUTE], "is not supported"),
        ([RESIZE | {"interp": 9}, PERMUTE], "Resize.interp"),
        ([RESIZE | {"letterbox": True}, PERMUTE], "Resize.letterbox"),
        ([RESIZE | {"keep_ratio": "no"}, PERMUTE], "Resize.keep_ratio"),
        ([NORMALIZE | {"mean": [float("nan")] * 3}, PERMUTE], "NormalizeImage.mean"),
        ([NORMALIZE | {"is_scale": 1}, PERMUTE], "NormalizeImage.is_scale"),
        ([RESIZE, RESIZE, PERMUTE], "Resize twice"),
        ([NORMALIZE | {"norm_type": "max"}, PERMUTE], "NormalizeImage.norm_type"),
        ([NORMALIZE | {"mean": [1, 2]}, PERMUTE], "NormalizeImage.mean"),
        ([NORMALIZE | {"std": [1, 0, 1]}, PERMUTE], "without zeros"),
        ([RESIZE], "Permute once"),
        ([PERMUTE, PERMUTE], "Permute once"),
        ([PERMUTE, RESIZE], "before Permute"),
        ([PAD, PERMUTE], "PadStride after it"),
        ([PERMUTE, {"type": "PadStride", "stride": 0}], "PadStride.stride"),
        ([PERMUTE, {"type": "PadStride"}], "PadStride.stride"),
        ([{"type": "Permute", "to_bgr": True}], "Permute.to_bgr"),
        ([], "Permute once"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(steps, named):
    with pytest.raises(ModelError) as error:
        build_preprocessor(steps)
    assert named in str(error.value)


SIZES = [[64, 64], [48, 96], [96, 48]]


@pytest.mark.parametrize(
    "sizes",
    [
        "48x96",
        [],
        [48, 96],
        [[48]],
        [[48, 96, 3]],
        [[0, 96]],
        [[48.0, 96]],
        [["48", "96"]],
        [[4096, 96]],
        [[True, 96]],
        {},
        "x" * 3000,
    ],
)
def test_input_sizes_are_pairs_of_whole_numbers(sizes):
    with pytest.raises(ModelError, match="input_sizes is .*; it should list pairs of whole numbers") as error:
        build_preprocessor([RESIZE, PERMUTE], sizes)
    assert len(str(error.value)) < 200


def test_input_sizes_need_a_resize_that_keeps_no_ratio():
    with pytest.raises(ModelError, match="input_sizes needs a Resize step in Preprocess"):
        build_preprocessor([PERMUTE], SIZES)
    with pytest.raises(ModelError, match="input_sizes goes with Resize.keep_ratio: false only"):
        build_preprocessor([RESIZE | {"keep_ratio": True}, PERMUTE], SIZES)


def test_the_size_of_resize_is_one_of_the_input_sizes():
    assert build_preprocessor([RESIZE, PERMUTE], SIZES).input_sizes == ((64, 96), (64, 64), (48, 96), (96, 48))
    assert build_preprocessor([RESIZE, PERMUTE]).input_sizes == ((64, 96),)
    assert build_preprocessor([PERMUTE]).input_sizes == ()


@pytest.mark.parametrize(
    ("photo", "size"),
    [
        ((100, 100), (64, 64)),
        ((100, 164), (64, 64)),
        ((164, 100), (64, 64)),
        ((100, 167), (48, 96)),
        ((167, 100), (96, 48)),
        ((100, 20000), (48, 96)),
        ((1, 1), (64, 64)),
        ((1, 20000), (48, 96)),
        ((20000, 1), (96, 48)),
    ],
)
def test_a_photo_gets_the_first_size_that_squeezes_it_little(photo, size):
    preprocessor = build_preprocessor([RESIZE | {"target_size": 64}, NORMALIZE, PERMUTE], SIZES)
    image = np.random.default_rng(1).integers(0, 256, (*photo, 3), np.uint8)
    prepared = preprocessor(image)
    assert prepared.tensor.shape == (1, 3, *size)
    assert prepared.im_shape.tolist() == [list(size)]
    expected = build_preprocessor([RESIZE | {"target_size": list(size)}, NORMALIZE, PERMUTE])(image)
    np.testing.assert_array_equal(prepared.tensor, expected.tensor)
    np.testing.assert_array_equal(prepared.scale_factor, expected.scale_factor)
    assert preprocessor.most_reduction(*photo) == pytest.approx(1 / max(size[0] / photo[0], size[1] / photo[1]) / 1.5)


def test_without_other_sizes_every_photo_gets_that_of_resize():
    preprocessor = build_preprocessor([RESIZE, PERMUTE])
    for photo in ((100, 20000), (20000, 100), (50, 60)):
        assert preprocessor(np.zeros((*photo, 3), np.uint8)).tensor.shape == (1, 3, 64, 96)
