"""Depthwise convolutions for training on a CPU, compiled by Numba.

paddlepaddle 2.6 has no oneDNN kernel for the gradient of a depthwise convolution; its reference kernel takes most of a
PicoDet training step. These compute the same sums (float32 rounding apart) several times faster. Only training uses
them: evaluation and export keep Paddle's own layer.
"""

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import paddle
from numba import njit, prange

MAX_SIZE = 5  # the taps of one kernel row are written out, so that LLVM keeps the sum in a register


@cache
def compile_kernels(size: int, stride: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile (convolve, weight gradient) for a square kernel with padding ``size // 2``.

    Arrays are float32: images (n, c, h, w), kernels (c, size, size).
    """
    pad = size // 2
    compiled = njit(parallel=True, fastmath=True, error_model="numpy", cache=True)

    def convolve(x, kernel):  # type: ignore[no-untyped-def]
        n, c, height, width = x.shape
        out_height = (height + 2 * pad - size) // stride + 1
        out_width = (width + 2 * pad - size) // stride + 1
        out = np.zeros((n, c, out_height, out_width), np.float32)
        for plane in prange(n * c):
            image, channel = plane // c, plane % c
            padded = np.zeros((height + 2 * pad, width + 2 * pad + MAX_SIZE - size), np.float32)
            padded[pad : pad + height, pad : pad + width] = x[image, channel]
            taps = np.zeros(MAX_SIZE, np.float32)
            for y in range(out_height):
                target = out[image, channel, y]
                for ky in range(size):
                    row = padded[y * stride + ky]
                    taps[:size] = kernel[channel, ky]
                    t0, t1, t2, t3, t4 = taps[0], taps[1], taps[2], taps[3], taps[4]
                    for z in range(out_width):
                        at = z * stride
                        target[z] += (
                            t0 * row[at] + t1 * row[at + 1] + t2 * row[at + 2] + t3 * row[at + 3] + t4 * row[at + 4]
                        )
        return out

    def weight_gradient(x, grad):  # type: ignore[no-untyped-def]
        n, c, height, width = x.shape
        out_height, out_width = grad.shape[2:]
        out = np.empty((n, c, size, size), np.float32)
        for plane in prange(n * c):
            image, channel = plane // c, plane % c
            padded = np.zeros((height + 2 * pad, width + 2 * pad), np.float32)
            padded[pad : pad + height, pad : pad + width] = x[image, channel]
            columns = np.zeros((size, out_width), np.float32)
            for ky in range(size):
                columns[:] = 0
                for y in range(out_height):
                    row = padded[y * stride + ky]
                    grad_row = grad[image, channel, y]
                    for kx in range(size):
                        for z in range(out_width):
                            columns[kx, z] += grad_row[z] * row[z * stride + kx]
                for kx in range(size):
                    out[image, channel, ky, kx] = columns[kx].sum()
        return out

    return compiled(convolve), compiled(weight_gradient)


def input_gradient(grad: np.ndarray, kernel: np.ndarray, stride: int, height: int, width: int) -> np.ndarray:
    """Return the gradient (n, c, height, width) of the input: the gradient convolved with the turned kernel."""
    if stride > 1:
        spread = np.zeros((*grad.shape[:2], height, width), np.float32)
        spread[:, :, ::stride, ::stride] = grad
        grad = spread
    convolve, _ = compile_kernels(kernel.shape[-1], 1)
    return np.asarray(convolve(np.ascontiguousarray(grad), np.ascontiguousarray(kernel[:, ::-1, ::-1])))


class DepthwiseConvolution(paddle.autograd.PyLayer):  # type: ignore[misc]  # paddle has no types
    """A depthwise convolution with its gradients, as Paddle's autograd wants it."""

    @staticmethod
    def forward(ctx: Any, x: paddle.Tensor, weight: paddle.Tensor, stride: int) -> paddle.Tensor:
        """Convolve x (n, c, h, w) with weight (c, 1, k, k), padding k // 2."""
        image, kernel = x.numpy(), weight.numpy()[:, 0]
        ctx.arrays = image, kernel, stride
        convolve, _ = compile_kernels(kernel.shape[-1], stride)
        return paddle.to_tensor(convolve(image, kernel))

    @staticmethod
    def backward(ctx: Any, grad: paddle.Tensor) -> tuple[paddle.Tensor, paddle.Tensor]:
        """Return the gradients of x and weight."""
        image, kernel, stride = ctx.arrays
        grad = grad.numpy()
        _, weight_gradient = compile_kernels(kernel.shape[-1], stride)
        of_weight = weight_gradient(image, grad).sum(axis=0)[:, None]
        of_image = input_gradient(grad, kernel, stride, *image.shape[2:])
        return paddle.to_tensor(of_image), paddle.to_tensor(of_weight)


def is_supported(layer: Any) -> bool:
    """Say whether a layer is a plain depthwise convolution that these kernels compute."""
    if not isinstance(layer, paddle.nn.Conv2D) or layer._groups == 1 or layer.bias is not None:
        return False
    channels, per_group, height, width = layer.weight.shape
    depthwise = layer._groups == channels == layer._in_channels and per_group == 1
    square = height == width and height % 2 == 1 and height <= MAX_SIZE
    padded_same = layer._updated_padding in (height // 2, [height // 2] * 2)
    return bool(depthwise and square and padded_same and layer._stride[0] == layer._stride[1])


def accelerate(model: paddle.nn.Layer) -> int:
    """Let the model's depthwise convolutions use these kernels while it trains; return how many do."""
    layers = [layer for layer in model.sublayers() if is_supported(layer)]
    for layer in layers:
        original = layer.forward

        def forward(self: Any, x: paddle.Tensor, original: Any = original) -> paddle.Tensor:
            if not self.training:
                return original(x)
            return DepthwiseConvolution.apply(x, self.weight, self._stride[0])

        layer.forward = types.MethodType(forward, layer)
    return len(layers)
