"""PicoDetector: a photo in, faces out. As a command, ``python backend/paddle_inference.py PHOTO...``: backend.shell."""

import runpy
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the package beside app.py, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import base64
import contextlib
import time
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backend.images.decode import Photo, decode_image, decode_photo
from backend.images.drawing import draw_in_place, encode_jpeg
from backend.images.formats import MAX_PIXELS
from backend.model.detections import Detections
from backend.model.errors import InferenceError, ModelError, ThresholdError
from backend.model.infer_config import load_infer_config
from backend.model.labels import exclude_each_other
from backend.model.nms import suppress
from backend.model.onnx_model import OnnxModel
from backend.settings import MODELS, Settings

if TYPE_CHECKING:
    from backend.answer import Answer, Face

DEFAULT_MODEL_DIR = MODELS
ONE_LABEL = {"auto": None, "yes": True, "no": False}


class PicoDetector:
    """Finds faces with a PicoDet that PaddleDetection exported and paddle2onnx converted.

    One detector serves many threads: a call changes nothing but its own variables.

    Args:
        model_dir: folder with ``infer_cfg.yml`` and one ``.onnx``; labels, sizes, normalisation, resize, default
            threshold and NMS come from there.
        threads: cores for one inference.
        max_pixels: photos with more pixels are refused before they are decoded.
        one_label: where boxes overlap, whatever their classes, keep the best score only. Off, each class is suppressed
            by itself, as PaddleDetection evaluates. Default: on if the labels exclude each other.
        warm_up: run the model once now, so that the first photo takes no longer than the next.
        providers: ONNX Runtime's execution providers, best first, such as ``("CUDA", "CPU")``.

    Raises:
        ModelError: if the folder cannot be served; the text names what is wrong.
    """

    def __init__(
        self,
        model_dir: str | PathLike[str] = DEFAULT_MODEL_DIR,
        *,
        threads: int = 1,
        max_pixels: int = MAX_PIXELS,
        one_label: bool | None = None,
        warm_up: bool = True,
        providers: tuple[str, ...] = ("CPU",),
    ):
        folder = Path(model_dir)
        self.config = load_infer_config(folder / "infer_cfg.yml")
        path = find_model(folder)
        self.name = path.stem
        self.labels = self.config.labels
        self.max_pixels = max_pixels
        self.one_label = exclude_each_other(self.labels) if one_label is None else one_label
        self.model = OnnxModel(path, self.config.nms, len(self.labels), threads, providers)
        self.check_class_count(path.name)
        self.model.check_input(self.config.preprocessor(np.zeros((48, 64, 3), np.uint8)))
        if warm_up:
            with contextlib.suppress(InferenceError):  # a photo that the model fails on says nothing of the others
                self.predict_image(np.zeros((64, 64, 3), np.uint8))

    @classmethod
    def from_settings(cls, settings: Settings, *, warm_up: bool = True) -> "PicoDetector":
        """Return the detector that the settings ask for; raises as the class does."""
        return cls(
            settings.model_dir,
            max_pixels=settings.max_image_pixels,
            one_label=ONE_LABEL[settings.one_label],
            providers=settings.providers,
            warm_up=warm_up,
        )

    def check_class_count(self, file_name: str) -> None:
        """Raise ModelError if infer_cfg.yml names more or fewer labels than the model has classes."""
        classes = self.model.class_count
        if classes is not None and classes != len(self.labels):
            raise ModelError(f"label_list has {len(self.labels)} labels, the model {classes} classes ({file_name}).")

    def predict(
        self,
        path: str | PathLike[str] | None = None,
        *,
        img_bin: bytes | None = None,
        threshold: float | None = None,
        annotate: bool = False,
    ) -> "Answer":
        """Find the faces in a photo.

        Args:
            path: a JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF file; or
            img_bin: its encoded bytes.
            threshold: faces with a lower score are left out, 0 to 1; default: the model's own.
            annotate: add ``annotated_image``, a JPEG data URL with the boxes drawn.

        Returns:
            ``results`` (label, class_id, score, box as x1 y1 x2 y2 in pixels of the upright photo, by falling score),
            ``image`` (width, height), ``timing_ms`` and ``model`` (name, labels, its default threshold).

        Raises:
            TypeError: unless exactly one of path and img_bin is given.
            OSError: the file cannot be read.
            ImageError: the image cannot be used; its subclasses say why.
            ThresholdError: the threshold is no number from 0 to 1.
            InferenceError: the model failed on this photo.
        """
        if (path is None) == (img_bin is None):
            raise TypeError("predict takes either a path or img_bin")
        if img_bin is not None and not isinstance(img_bin, bytes | bytearray | memoryview):
            raise TypeError(f"img_bin should be the bytes of an image file, not {type(img_bin).__name__}")
        data = Path(path).read_bytes() if path is not None else bytes(img_bin or b"")
        threshold = self.check_threshold(threshold)
        start = time.perf_counter()
        answer = self.answer(self.decode(data), threshold, start)
        if annotate:
            answer["annotated_image"] = self.annotate(data, answer["results"])
            answer["timing_ms"]["total"] = milliseconds(start, time.perf_counter())
        return answer

    def annotate(self, data: bytes, results: list["Face"]) -> str:
        """Return the whole photo with its boxes drawn, as a JPEG data URL; raises as predict does."""
        canvas = decode_image(data, self.max_pixels)
        draw_in_place(canvas, results)
        return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(canvas)).decode("ascii")

    def decode(self, data: bytes) -> Photo:
        """Decode a photo as large as the model's input needs it; raises as predict does."""
        return decode_photo(data, self.max_pixels, self.config.preprocessor.most_reduction)

    def predict_image(self, image: NDArray[np.uint8], threshold: float | None = None) -> "Answer":
        """Find the faces in a decoded, upright BGR image (h, w, 3) uint8; the answer is that of predict.

        Raises:
            ValueError: the array has another shape or type, or no pixels.
            ThresholdError, InferenceError: as predict.
        """
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            actual = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"an image should be an array (h, w, 3) of uint8, not {actual}")
        if 0 in image.shape:
            raise ValueError(f"an image should have pixels, not the shape {image.shape}")
        photo = Photo(image, width=image.shape[1], height=image.shape[0])
        return self.answer(photo, self.check_threshold(threshold), time.perf_counter())

    def answer(self, photo: Photo, threshold: float, start: float) -> "Answer":
        """Detect, and build the answer with its timings since ``start`` (time.perf_counter)."""
        decoded = time.perf_counter()
        model_input = self.config.preprocessor(photo.image)
        prepared = time.perf_counter()
        found = self.model.detect(model_input, threshold)
        inferred = time.perf_counter()
        height, width = photo.image.shape[:2]
        found = self.settle(found).scale(photo.width / width, photo.height / height)
        results = found.clip(photo.width, photo.height).as_results(self.labels)
        return {
            "results": results,
            "image": {"width": photo.width, "height": photo.height},
            "timing_ms": {
                "decode": milliseconds(start, decoded),
                "preprocess": milliseconds(decoded, prepared),
                "inference": milliseconds(prepared, inferred),
                "total": milliseconds(start, time.perf_counter()),
            },
            "model": {"name": self.name, "labels": list(self.labels), "threshold": self.config.draw_threshold},
        }

    def settle(self, found: Detections) -> Detections:
        """Leave each face one label, unless one_label is off."""
        return suppress(found, self.config.nms.iou_threshold) if self.one_label else found

    def check_threshold(self, threshold: float | None) -> float:
        """Return the threshold to use; raise ThresholdError if it is no number from 0 to 1."""
        if threshold is None:
            return self.config.draw_threshold
        number = isinstance(threshold, int | float | np.integer | np.floating) and not isinstance(threshold, bool)
        if not number or not 0 <= threshold <= 1:  # NaN is not either
            raise ThresholdError(f"threshold is {str(threshold)[:40]!r}; it should be a number from 0 to 1.")
        return float(threshold)


def milliseconds(start: float, end: float) -> float:
    """Return a duration in milliseconds, to the microsecond."""
    return round((end - start) * 1000, 3)


def find_model(folder: Path) -> Path:
    """Return the one ``.onnx`` of a model folder."""
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ModelError(f"{folder} should hold one .onnx; it holds {names}.")
    return found[0]


if __name__ == "__main__":
    runpy.run_module("backend.shell", run_name="__main__", alter_sys=True)
