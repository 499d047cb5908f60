import cv2
import numpy as np
import pytest
from conftest import encode

from backend.images.decode import decode_image
from backend.images.transparency import may_be_transparent

EXTENSIONS = [".png", ".webp", ".tiff", ".avif"]
LOSSLESS = {".webp": (cv2.IMWRITE_WEBP_QUALITY, 101), ".avif": (cv2.IMWRITE_AVIF_QUALITY, 100)}


def picture(alpha, colour=(40, 80, 160)):
    image = np.full((*alpha.shape, 4), (*colour, 0), np.uint8)
    image[..., 3] = alpha
    return image


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_is_fully_transparent_is_white_whatever_lies_under_it(extension):
    hidden = picture(np.zeros((40, 60), np.uint8))
    decoded = decode_image(encode(extension, hidden, *LOSSLESS.get(extension, ())))
    assert decoded.min() >= 254


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_is_half_transparent_is_laid_on_white(extension):
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, 30:] = 128
    decoded = decode_image(encode(extension, picture(alpha), *LOSSLESS.get(extension, ()))).astype(int)
    np.testing.assert_allclose(decoded[20, 5], (40, 80, 160), atol=4)
    np.testing.assert_allclose(decoded[20, 55], [(c * 128 + 255 * 127) / 255 for c in (40, 80, 160)], atol=4)


def test_16_bit_and_large_pictures():
    alpha = np.zeros((600, 20), np.uint8)
    alpha[300:] = 255
    deep = picture(alpha).astype(np.uint16) * 257
    decoded = decode_image(encode(".png", deep))
    assert decoded[299].min() == 255
    np.testing.assert_allclose(decoded[300, 0], (40, 80, 160), atol=1)


def test_a_gif_with_transparent_pixels():
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:20] = 0
    decoded = decode_image(encode(".gif", picture(alpha)))
    assert decoded[5, 5].min() == 255
    np.testing.assert_allclose(decoded[35, 5].astype(int), (40, 80, 160), atol=40)  # 256 colours


def test_opaque_pictures_are_not_decoded_twice(noise):
    for extension, name in ((".png", "PNG"), (".webp", "WebP"), (".jpg", "JPEG")):
        assert not may_be_transparent(name, encode(extension, noise))
