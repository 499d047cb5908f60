"""Training itself: marked, since it needs the training environment and takes minutes.

sh scripts/check.sh -m training
"""

import subprocess

import numpy as np
import pytest

from backend.settings import ROOT
from scripts.training.fine_tuning.pretrained import fit_head

PYTHON = ROOT / ".venv-training" / "bin" / "python"
CHECK_DEPTHWISE = """
from scripts.training.fine_tuning import paddle_setup
import paddle, numpy
from scripts.training.fine_tuning.depthwise import accelerate
for channels, size, stride, side in [(8, 5, 1, 13), (8, 3, 1, 13), (4, 3, 2, 14), (4, 5, 2, 13)]:
    layer = paddle.nn.Conv2D(channels, channels, size, stride, size // 2, groups=channels, bias_attr=False)
    twin = paddle.nn.Sequential(paddle.nn.Conv2D(channels, channels, size, stride, size // 2, groups=channels,
                                                 bias_attr=False))
    twin[0].weight.set_value(layer.weight)
    assert accelerate(twin) == 1
    results = []
    for model in (layer, twin):
        x = paddle.to_tensor(numpy.random.RandomState(0).randn(2, channels, side, side).astype('float32'))
        x.stop_gradient = False
        y = model(x)
        (y * y).sum().backward()
        results.append([y.numpy(), x.grad.numpy(), model.parameters()[0].grad.numpy()])
    for expected, actual in zip(*results):
        numpy.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
assert accelerate(paddle.nn.Conv2D(4, 8, 3)) == 0
print("equal")
"""


def head(rows, channels=6):
    values = np.arange(rows * channels, dtype=np.float32).reshape(rows, channels, 1, 1)
    return {"head.head_cls0.weight": values, "head.head_cls0.bias": np.arange(rows, dtype=np.float32)}


def test_the_head_keeps_its_box_rows_and_starts_each_class_as_person():
    state = head(80 + 32) | {"backbone.conv.weight": np.ones(3, np.float32)}
    fitted = fit_head(state, head(2 + 32) | {"backbone.conv.weight": np.zeros(3)}, reg_max=7)
    weight, bias = fitted["head.head_cls0.weight"], fitted["head.head_cls0.bias"]
    assert weight.shape == (34, 6, 1, 1)
    assert bias.tolist() == [0, 0, *range(80, 112)]
    np.testing.assert_array_equal(weight[0], state["head.head_cls0.weight"][0])
    np.testing.assert_array_equal(weight[2:], state["head.head_cls0.weight"][80:])
    assert fitted["backbone.conv.weight"] is state["backbone.conv.weight"]


def test_a_head_that_fits_stays_as_it_is():
    state = head(34)
    assert fit_head(state, head(34), reg_max=7) == state


def run(*arguments):
    assert PYTHON.is_file(), "make the training environment first, as the README says"
    done = subprocess.run([PYTHON, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.training
def test_the_fast_depthwise_convolution_equals_paddles():
    assert run("-c", CHECK_DEPTHWISE).endswith("equal\n")


@pytest.mark.training
def test_every_step_from_pictures_to_evaluation_for_both_configs():
    assert "all steps done for picodet_s_416_facemask, picodet_xs_416_facemask" in run("scripts/training/smoke.py")
