"""Makes the sample photos in images/ from portraits in the public domain; some get a mask drawn on.

    pip install scikit-image pillow
    pip download --no-deps --no-binary :all: face_recognition==1.3.0 -d SOURCES
    python scripts/development/make_samples.py SOURCES/face_recognition-1.3.0.tar.gz

images/README.md says where each photo comes from.
"""

import argparse
import io
import sys
import tarfile
from importlib import resources
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Photo = NDArray[np.uint8]
Point = tuple[int, int]

IMAGES = Path(__file__).resolve().parent.parent / "images"
EXIF_ORIENTATION = 0x0112
SIDEWAYS = 6  # the camera was turned: show it turned a quarter clockwise

BLUE, WHITE = (190, 150, 100), (222, 226, 224)  # BGR

# Outlines in pixels of the portrait: from the left cheek over the nose to the right cheek, then back along the jaw.
# fmt: off
OUTLINES: dict[str, list[Point]] = {
    "obama.jpg": [
        (378, 262), (440, 252), (494, 238), (548, 252), (608, 262),
        (594, 352), (548, 410), (493, 432), (440, 410), (394, 352),
    ],
    "obama3.jpg": [
        (650, 462), (715, 446), (798, 412), (850, 432), (900, 452),
        (884, 535), (836, 598), (765, 628), (700, 600), (656, 545),
    ],
}
# fmt: on
EARS: dict[str, tuple[Point, Point]] = {
    "obama.jpg": ((358, 250), (626, 250)),
    "obama3.jpg": ((612, 455), (918, 470)),
}


def main() -> None:
    """Write the samples."""
    parser = argparse.ArgumentParser(description="Make the sample photos in images/.")
    parser.add_argument("archive", type=Path, help="face_recognition-1.3.0.tar.gz")
    archive = parser.parse_args().archive
    portraits = {name: read_portrait(archive, name) for name in ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg")}
    astronaut, rocket = read_skimage("astronaut.png"), read_skimage("rocket.jpg")
    blue = wear_mask(portraits["obama.jpg"], "obama.jpg", BLUE)
    white = wear_mask(portraits["obama3.jpg"], "obama3.jpg", WHITE)

    save("test_face.jpg", astronaut)
    save("test_mask.jpg", shrink(blue, 900))
    group = [crop(blue, 200, 0, 590), crop(astronaut, 90, 0, 270)]
    group += [crop(white, 420, 130, 640), crop(portraits["biden.jpg"], 290, 40, 560)]
    save("test_group.jpg", np.concatenate(group, axis=1))
    save("test_no_face.jpg", rocket)
    save_sideways("test_rotated.jpg", shrink(portraits["obama2.jpg"], 900))


def read_portrait(archive: Path, name: str) -> Photo:
    """Read a photo of face_recognition's tests out of its source archive."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"face_recognition-1.3.0/tests/test_images/{name}")
        if member is None:
            raise FileNotFoundError(f"{archive} holds no file {name}.")
        return np.asarray(cv2.imdecode(np.frombuffer(member.read(), np.uint8), cv2.IMREAD_COLOR))


def read_skimage(name: str) -> Photo:
    """Read a photo that the package scikit-image carries."""
    data = (resources.files("skimage") / "data" / name).read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


def wear_mask(portrait: Photo, name: str, colour: tuple[int, int, int]) -> Photo:
    """Draw a surgical mask: ear loops, cloth with folds, darker towards the cheeks."""
    outline = smooth(OUTLINES[name])
    left, right = outline[:, 0].min(), outline[:, 0].max()
    top, bottom = outline[:, 1].min(), outline[:, 1].max()
    photo = portrait.copy()
    points = OUTLINES[name]
    for ear, ends in zip(EARS[name], ((points[0], points[-1]), (points[4], points[5])), strict=True):
        for end in ends:
            cv2.line(photo, ear, end, colour, max(2, (right - left) // 60), cv2.LINE_AA)
    cloth = np.full_like(photo, colour)
    for fold in range(1, 5):
        y = top + (bottom - top) * (0.25 + 0.15 * fold)
        curve = [
            (x, int(y + 0.04 * (bottom - top) * np.cos((x - left) / (right - left) * np.pi * 2)))
            for x in range(left, right, 4)
        ]
        cv2.polylines(cloth, [np.array(curve)], False, tuple(int(c * 0.82) for c in colour), 3, cv2.LINE_AA)
    across = np.linspace(-1, 1, right - left)
    shade = np.ones(photo.shape[1], np.float32)
    shade[left:right] = 1.05 - 0.38 * across**2
    light = cv2.GaussianBlur(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), (0, 0), (right - left) / 8).astype(np.float32)
    light = 0.75 + 0.25 * light / light[top:bottom, left:right].mean()
    shaded = np.clip(cloth * shade[None, :, None] * light[..., None], 0, 255)
    alpha = np.zeros(photo.shape[:2], np.uint8)
    cv2.fillPoly(alpha, [outline], 255, cv2.LINE_AA)
    weight = cv2.GaussianBlur(alpha, (0, 0), 1.2).astype(np.float32)[..., None] / 255
    return np.asarray(photo * (1 - weight) + shaded * weight, np.uint8)


def smooth(points: list[Point]) -> NDArray[np.int32]:
    """Round a polygon's corners (Chaikin's corner cutting)."""
    curve = np.array(points, np.float64)
    for _ in range(3):
        following = np.roll(curve, -1, axis=0)
        curve = np.stack([0.75 * curve + 0.25 * following, 0.25 * curve + 0.75 * following], 1).reshape(-1, 2)
    return np.asarray(np.round(curve), np.int32)


def crop(photo: Photo, left: int, top: int, width: int) -> Photo:
    """Cut out a part, 4 wide by 5 high, and scale it to 400 x 500."""
    part = photo[top : top + width * 5 // 4, left : left + width]
    return np.asarray(cv2.resize(part, (400, 500), interpolation=cv2.INTER_AREA if width > 400 else cv2.INTER_CUBIC))


def shrink(photo: Photo, height: int) -> Photo:
    """Scale down to a height."""
    width = photo.shape[1] * height // photo.shape[0]
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA))


def save(name: str, photo: Photo) -> None:
    """Write a JPEG."""
    cv2.imwrite(str(IMAGES / name), photo, [cv2.IMWRITE_JPEG_QUALITY, 88])


def save_sideways(name: str, photo: Photo) -> None:
    """Write a JPEG turned a quarter, with the EXIF orientation that turns it back."""
    turned = Image.fromarray(cv2.cvtColor(cv2.rotate(photo, cv2.ROTATE_90_COUNTERCLOCKWISE), cv2.COLOR_BGR2RGB))
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = SIDEWAYS
    data = io.BytesIO()
    turned.save(data, "JPEG", quality=88, exif=exif)
    (IMAGES / name).write_bytes(data.getvalue())


if __name__ == "__main__":
    main()
