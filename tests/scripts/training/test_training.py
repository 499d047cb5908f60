"""Training itself: marked, since it needs the training environment and takes minutes.

sh scripts/check.sh -m training
"""

import subprocess

import pytest

from backend.settings import ROOT

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
