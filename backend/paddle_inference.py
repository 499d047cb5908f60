"""PicoDetector: a photo in, faces out. As a command, ``python backend/paddle_inference.py PHOTO...``: backend.shell."""

import runpy
import signal
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the package beside app.py, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # till the command begins, Ctrl-C ends it without a traceback

import base64
import contextlib
import hashlib
import time
from collections.abc import Callable
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backend.images.decode import Photo, decode_image, decode_photo
from backend.images.drawing import draw_in_place, encode_jpeg
from backend.images.files import read_file
from backend.images.formats import MAX_PIXELS, check_pixels, read_header
from backend.model.detections import Detections
from backend.model.errors import InferenceError, ModelError, ThresholdError
from backend.model.infer_config import load_infer_config
from backend.model.labels import exclude_each_other
from backend.model.nms import suppress
from backend.model.onnx_model import OnnxModel
from backend.parts.cutting import MAX_PARTS, Part, check_detail, cut
from backend.parts.looking import Looks, look
from backend.parts.merging import LOWEST, merge
from backend.settings import MODELS, Settings

if TYPE_CHECKING:
    from backend.answer import Answer, Face

DEFAULT_MODEL_DIR = MODELS
ONE_LABEL = {"auto": None, "yes": True, "no": False}


def nothing() -> None:
    """Do nothing between two looks."""


class PicoDetector:
    """Finds faces with a PicoDet that PaddleDetection exported and paddle2onnx converted.

    One detector serves many threads: a call changes nothing but its own variables.

    Args:
        model_dir: folder with ``infer_cfg.yml`` and one ``.onnx``; labels, sizes, normalisation, resize, default
            threshold and NMS come from there.
        threads: cores for one inference.
        max_pixels: photos with more pixels are refused before they are decoded.
        max_parts: looks at one photo at most, 1 or more.
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
        max_parts: int = MAX_PARTS,
        one_label: bool | None = None,
        warm_up: bool = True,
        providers: tuple[str, ...] = ("CPU",),
    ):
        folder = Path(model_dir)
        self.config = load_infer_config(folder / "infer_cfg.yml")
        path = find_model(folder)
        self.name = path.stem
        self.checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else ""
        self.labels = self.config.labels
        self.max_pixels, self.max_parts = max_pixels, max_parts
        self.one_label = exclude_each_other(self.labels) if one_label is None else one_label
        self.model = OnnxModel(path, self.config.nms, len(self.labels), threads, providers)
        self.check_class_count(path.name)
        blank = np.zeros((65, 97, 3), np.uint8)  # not square, so that a ratio that is kept shows
        for size in self.config.preprocessor.input_sizes or (blank.shape[:2],):
            self.model.check_input(self.config.preprocessor.of_size(size)(blank))
        if warm_up:
            with contextlib.suppress(InferenceError):  # a photo that the model fails on says nothing of the others
                self.predict_image(blank)

    @classmethod
    def from_settings(cls, settings: Settings, *, warm_up: bool = True) -> "PicoDetector":
        """Return the detector that the settings ask for; raises as the class does."""
        return cls(
            settings.model_dir,
            max_pixels=settings.max_image_pixels,
            max_parts=settings.max_parts,
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
        detail: str | None = None,
        between: Callable[[], None] = nothing,
    ) -> "Answer":
        """Find the faces in a photo.

        Args:
            path: a JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF file; or
            img_bin: its encoded bytes.
            threshold: faces with a lower score are left out, 0 to 1; default: the model's own.
            annotate: add ``annotated_image``, a JPEG data URL with the boxes drawn.
            detail: "normal", the default, or "fine": overlapping parts are looked at too, which finds smaller faces.
                A photo over 2.5 times as long as wide is looked at in parts in any case.
            between: called before each look but the first, for a server that lets others in there.

        Returns:
            ``results`` (label, class_id, score, box as x1 y1 x2 y2 in pixels of the upright photo, by falling score),
            ``image`` (width, height), ``timing_ms``, ``model`` (name, labels, its default threshold), ``detail`` and
            ``parts``, how many of the photo were looked at.

        Raises:
            TypeError: unless exactly one of path and img_bin is given.
            OSError: the file cannot be read.
            ValueError: it is no regular file.
            ImageError: the image cannot be used; its subclasses say why.
            ThresholdError: the threshold is no number from 0 to 1.
            DetailError: there is no such detail.
            InferenceError: the model failed on this photo.
        """
        if (path is None) == (img_bin is None):
            raise TypeError("predict takes either a path or img_bin")
        if img_bin is not None and not isinstance(img_bin, bytes | bytearray | memoryview):
            raise TypeError(f"img_bin should be the bytes of an image file, not {type(img_bin).__name__}")
        data = read_file(Path(path)) if path is not None else bytes(img_bin or b"")
        threshold, detail = self.check_threshold(threshold), check_detail(detail)
        start = time.perf_counter()
        answer = self.answer(self.decode(data, detail), threshold, start, detail, between)
        if annotate:
            answer["annotated_image"] = self.annotate(data, answer["results"])
            answer["timing_ms"]["total"] = milliseconds(time.perf_counter() - start)
        return answer

    def annotate(self, data: bytes, results: list["Face"]) -> str:
        """Return the whole photo with its boxes drawn, as a JPEG data URL; raises as predict does."""
        canvas = decode_image(data, self.max_pixels)
        draw_in_place(canvas, results)
        return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(canvas)).decode("ascii")

    def decode(self, data: bytes, detail: str = "normal") -> Photo:
        """Decode a photo as large as the looks at it need; raises as predict does."""
        return decode_photo(data, self.max_pixels, partial(self.most_reduction, detail))

    def most_reduction(self, detail: str, height: int, width: int) -> float:
        """Return how many times smaller a photo of this size may be decoded."""
        parts = self.cut(width, height, detail)
        return min(self.config.preprocessor.most_reduction(part.height, part.width) for part in parts)

    def cut(self, width: int, height: int, detail: str = "normal") -> list[Part]:
        """Return the parts of a photo of this size to look at."""
        return cut(width, height, self.config.preprocessor.input_size, detail, self.max_parts)

    def count_parts(self, data: bytes, detail: str = "normal") -> int:
        """Return how many parts of an encoded photo are looked at, by what its header says; raises as predict does."""
        header = read_header(data)
        check_pixels(header, self.max_pixels)
        return len(self.cut(header.width, header.height, detail))

    def predict_image(
        self, image: NDArray[np.uint8], threshold: float | None = None, detail: str | None = None
    ) -> "Answer":
        """Find the faces in a decoded, upright BGR image (h, w, 3) uint8; the answer is that of predict.

        Raises:
            ValueError: the array has another shape or type, or no pixels.
            ThresholdError, DetailError, InferenceError: as predict.
        """
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            actual = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"an image should be an array (h, w, 3) of uint8, not {actual}")
        if 0 in image.shape:
            raise ValueError(f"an image should have pixels, not the shape {image.shape}")
        photo = Photo(image, width=image.shape[1], height=image.shape[0])
        return self.answer(photo, self.check_threshold(threshold), time.perf_counter(), check_detail(detail))

    def answer(
        self,
        photo: Photo,
        threshold: float,
        start: float,
        detail: str = "normal",
        between: Callable[[], None] = nothing,
    ) -> "Answer":
        """Detect, and build the answer with its timings since ``start`` (time.perf_counter)."""
        decoded = time.perf_counter()
        parts = self.cut(photo.width, photo.height, detail)
        # what several parts show may score higher together
        looks = self.look(photo, parts, threshold if len(parts) == 1 else LOWEST, between)
        found = self.settle(self.merge(looks.found, parts, photo).above(threshold))
        results = found.clip(photo.width, photo.height).as_results(self.labels)
        return {
            "results": results,
            "image": {"width": photo.width, "height": photo.height},
            "timing_ms": {
                "decode": milliseconds(decoded - start),
                "preprocess": milliseconds(looks.preprocess),
                "inference": milliseconds(looks.inference),
                "total": milliseconds(time.perf_counter() - start),
                "parts": len(parts),
            },
            "model": {
                "name": self.name,
                "checksum": self.checksum,
                "labels": list(self.labels),
                "threshold": self.config.draw_threshold,
            },
            "detail": detail,
            "parts": len(parts),
        }

    def look(self, photo: Photo, parts: list[Part], lowest: float, between: Callable[[], None] = nothing) -> Looks:
        """Look at parts of a photo; scores under ``lowest`` are left out."""
        return look(photo, parts, self.config.preprocessor, lambda one: self.model.detect(one, lowest), between)

    def merge(self, looks: list[Detections], parts: list[Part], photo: Photo) -> Detections:
        """Return what was found in parts of a photo as detections of the photo, each label by itself."""
        return merge(looks, parts, photo.width, photo.height, self.config.nms.iou_threshold)

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


def milliseconds(seconds: float) -> float:
    """Return a duration in milliseconds, to the microsecond."""
    return round(seconds * 1000, 3)


def find_model(folder: Path) -> Path:
    """Return the one ``.onnx`` of a model folder."""
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise ModelError(f"{folder} should hold one .onnx; it holds {names}.")
    return found[0]


if __name__ == "__main__":
    runpy.run_module("backend.shell", run_name="__main__", alter_sys=True)
