"""YUV as films have it <-> BGR as the detector and OpenCV have it: which numbers mean which colours.

Matrices are those of ITU-R BT.601 and BT.709; a film says by flags which one counts, and whether black and white are 16
and 235 (limited range) or 0 and 255 (full range).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# the shares of red and blue in brightness, by FFmpeg's AVColorSpace; others are told by the height, as players do
BT_709, BT_470, SMPTE_170, BT_2020 = 1, 5, 6, 9
SHARES = {BT_709: (0.2126, 0.0722), BT_470: (0.299, 0.114), SMPTE_170: (0.299, 0.114), BT_2020: (0.2627, 0.0593)}
LEAST_HIGH_DEFINITION = 720  # lines
FULL_RANGE = 2  # FFmpeg's AVCOL_RANGE_JPEG


@dataclass(frozen=True)
class Colours:
    """How a film's numbers mean colours.

    Attributes:
        red, blue: their shares in brightness.
        full: whether the range is full.
    """

    red: float
    blue: float
    full: bool

    @property
    def format(self) -> str:
        """FFmpeg's pixel format of whole planes."""
        return "yuvj444p" if self.full else "yuv444p"

    @property
    def halved_format(self) -> str:
        """FFmpeg's pixel format with colours at half the size, as H.264 has them."""
        return "yuvj420p" if self.full else "yuv420p"


def colours_of(frame: Any) -> Colours:
    """Return what a frame's flags say of its colours."""
    full = frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj")
    usual = BT_709 if frame.height >= LEAST_HIGH_DEFINITION else SMPTE_170
    red, blue = SHARES.get(int(frame.colorspace), SHARES[usual])
    return Colours(red, blue, full)


@cache
def to_bgr_matrix(colours: Colours) -> NDArray[np.float64]:
    """Return the matrix (3, 4) from (Y, U, V, 1), 0 to 255, to BGR."""
    red, blue = colours.red, colours.blue
    green = 1 - red - blue
    luma, chroma, black = (1.0, 1.0, 0.0) if colours.full else (255 / 219, 255 / 224, 16.0)
    u, v = 2 * (1 - blue) * chroma, 2 * (1 - red) * chroma
    matrix = np.array([[luma, u, 0], [luma, -u * blue / green, -v * red / green], [luma, 0, v]])
    return np.column_stack([matrix, -matrix @ [black, 128, 128]])


@cache
def to_yuv_matrix(colours: Colours) -> NDArray[np.float64]:
    """Return the matrix (3, 4) from (B, G, R, 1) to YUV."""
    forward = to_bgr_matrix(colours)
    inverse = np.linalg.inv(forward[:, :3])
    return np.column_stack([inverse, -inverse @ forward[:, 3]])


def to_bgr(planes: NDArray[np.uint8], colours: Colours) -> NDArray[np.uint8]:
    """Return YUV planes (3, h, w) as BGR (h, w, 3)."""
    return np.asarray(cv2.transform(cv2.merge(list(planes)), to_bgr_matrix(colours)), np.uint8)


def to_halved_yuv(image: NDArray[np.uint8], colours: Colours) -> NDArray[np.uint8]:
    """Return BGR (h, w, 3), of even sides, as one array of YUV with halved colours (h * 3 / 2, w)."""
    y, u, v = cv2.split(cv2.transform(image, to_yuv_matrix(colours)))
    height, width = y.shape
    halved = [cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in (u, v)]
    return np.concatenate([y.reshape(-1), *(plane.reshape(-1) for plane in halved)]).reshape(height * 3 // 2, width)
