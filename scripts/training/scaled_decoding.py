"""Measure what decoding large JPEGs small costs in accuracy: the validation photos, enlarged, both ways.

python scripts/training/scaled_decoding.py --dataset DIR --lists DIR [--width 4000]
"""

import argparse
from pathlib import Path

import cv2
from tqdm import tqdm

from evaluate_onnx import summarise  # first: it sets the path to backend

from backend import PicoDetector
from backend.detections import Detections
from backend.image_decode import Photo, decode_image, decode_photo
from voc import read_truths

QUALITY = 90


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description="Measure the accuracy of scaled decoding.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True, help="folder with val.txt")
    parser.add_argument("--width", type=int, default=4000, help="of the enlarged photos, in pixels")
    args = parser.parse_args()
    truths, detector = read_truths(args.dataset, args.lists / "val.txt"), PicoDetector()
    whole: list[Detections] = []
    small: list[Detections] = []
    for truth in tqdm(truths, unit="photo"):
        original = decode_image(truth.path.read_bytes())
        height, width = original.shape[:2]
        size = (args.width, round(height * args.width / width))
        enlarged = cv2.resize(original, size, interpolation=cv2.INTER_CUBIC)
        data = bytes(cv2.imencode(".jpg", enlarged, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
        most_pixels = size[0] * size[1]
        reduced = decode_photo(data, most_pixels, detector.config.preprocessor.most_reduction)
        for found, photo in ((whole, decode_photo(data, most_pixels)), (small, reduced)):
            found.append(detect(detector, photo, width, height))
    for name, found in (("decoded whole", whole), ("decoded small", small)):
        print(name, summarise(found, truths, detector.labels))


def detect(detector: PicoDetector, photo: Photo, width: int, height: int) -> Detections:
    """Return what is found, each class suppressed by itself, in pixels of the original size."""
    found = detector.model.detect(detector.config.preprocessor(photo.image))
    return found.scale(width / photo.image.shape[1], height / photo.image.shape[0]).clip(width, height)


if __name__ == "__main__":
    main()
