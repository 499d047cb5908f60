"""Finds faces in photos and says of each whether it wears a mask."""

import os
from typing import TYPE_CHECKING, Any

from backend.settings import HIGHEST_PIXEL_LIMIT

if TYPE_CHECKING:
    from backend.paddle_inference import PicoDetector

__all__ = ["PicoDetector"]

# OpenCV reads this once, at its import: the last line of defence behind our own check of the header.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(HIGHEST_PIXEL_LIMIT)
# ONNX Runtime reads this at its import, which else starts an uploader and writes a device id below the home folder.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OPENCV_LOG_LEVEL"] = "OFF"  # what is wrong with an image is said by our own errors


def __getattr__(name: str) -> Any:
    """Import the detector when it is asked for: reading the settings needs neither OpenCV nor ONNX Runtime."""
    if name == "PicoDetector":
        from backend.paddle_inference import PicoDetector

        return PicoDetector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
