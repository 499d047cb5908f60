"""The photos that are sent: real ones, tiled to a size, so that they compress as photos do."""

import base64
import json
from dataclasses import dataclass

import cv2
import numpy as np

from backend.settings import ROOT

QUALITY = 90
SIZES = {"640 px": (640, 480), "1920 px": (1920, 1440), "12 Mpx": (4000, 3000)}
SAMPLES = ("test_mask.jpg", "test_face.jpg", "test_group.jpg", "test_no_face.jpg")


@dataclass(frozen=True)
class Body:
    """One request's body.

    Attributes:
        kind: ``raw`` (the JPEG itself) or ``json`` (base64 in JSON).
        size: a key of SIZES.
    """

    kind: str
    size: str
    content_type: str
    content: bytes

    def request(self, host: str, path: str) -> bytes:
        """Return the whole HTTP request."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {self.content_type}\r\n"
            f"Content-Length: {len(self.content)}\r\n\r\n"
        )
        return head.encode() + self.content


def photo(width: int, height: int) -> bytes:
    """Return a JPEG of that size: the samples side by side, two rows of two."""
    samples = [np.asarray(cv2.imread(str(ROOT / "images" / name))) for name in SAMPLES]
    cells = [cv2.resize(sample, (width // 2, height // 2), interpolation=cv2.INTER_CUBIC) for sample in samples]
    image = np.vstack([np.hstack(cells[:2]), np.hstack(cells[2:])])
    if width * height > 2_000_000:  # a camera's photo has grain, an enlarged one has none
        image = cv2.add(image, np.random.default_rng(0).normal(0, 4, image.shape), dtype=cv2.CV_8U)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def bodies() -> list[Body]:
    """Return a body for each kind and size."""
    made = []
    for size, (width, height) in SIZES.items():
        jpeg = photo(width, height)
        text = json.dumps({"image": "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()})
        made += [Body("raw", size, "image/jpeg", jpeg), Body("json", size, "application/json", text.encode())]
    return made
