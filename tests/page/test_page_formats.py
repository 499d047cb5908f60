"""Photos as people have them: turned, transparent, of other formats."""

import base64
import json

import cv2
import numpy as np
import pytest
from browsing import ask_api, choose
from conftest import IMAGES, encode

from backend.settings import ROOT

TURNED = ROOT / "tests" / "cases" / "exif6_240x300.webp"


def results_of(page):
    with page.expect_download() as download:
        page.click("#save-one [data-save=json]")
    return json.loads(download.value.path().read_text())


def saved_picture(page):
    with page.expect_download() as download:
        page.click("#save-one [data-save=picture]")
    return cv2.imread(str(download.value.path()))


def test_a_webp_is_turned_as_the_api_turns_it(page, addresses):
    choose(page, TURNED)
    found, expected = results_of(page), ask_api(addresses[0], TURNED, 0.5)
    assert found["image"] == expected["image"] == {"width": 240, "height": 300}
    assert [face["box"] for face in found["results"]] == [face["box"] for face in expected["results"]]
    assert len(found["results"]) == 1
    assert saved_picture(page).shape == (300, 240, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_are_the_apis(page, orientation):
    corner = np.zeros((20, 30, 3), np.uint8)
    corner[:10, :10] = 255
    data = base64.b64encode(encode(".png", corner)).decode()
    turned = page.evaluate(
        """async ([data, orientation]) => {
            const { turned } = await import("./js/orientation.js");
            const picture = new Image();
            picture.src = `data:image/png;base64,${data}`;
            await picture.decode();
            return turned(picture, orientation).toDataURL();
        }""",
        [data, orientation],
    )
    from backend.images.orientation import TURNS

    shown = cv2.imdecode(np.frombuffer(base64.b64decode(turned.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown, TURNS[orientation](corner))


def transparent_photo(scale):
    """A face behind which all is transparent, its hidden colours those of another face."""
    photo = cv2.imread(str(IMAGES / "test_face.jpg"))
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    alpha = np.zeros(photo.shape[:2], np.uint8)
    alpha[:, : photo.shape[1] // 20] = 255
    return encode(".png", np.dstack([photo, alpha]))


@pytest.mark.parametrize("scale", [1, 4], ids=["as it is", "scaled by the page"])
def test_what_is_fully_transparent_is_seen_by_nobody(page, tmp_path, scale):
    (tmp_path / "hidden.png").write_bytes(transparent_photo(scale))
    choose(page, tmp_path / "hidden.png")
    (hidden,) = json.loads((ROOT / "tests" / "expected_detections.json").read_text())["test_face.jpg"]["results"]
    seen = [np.array(face["box"]) / scale for face in results_of(page)["results"]]  # the white may look like something
    assert not [box for box in seen if np.abs(box - hidden["box"]).max() < 50]
    left, top, right, bottom = (int(side * scale) for side in hidden["box"])
    assert saved_picture(page)[top:bottom, left:right].min() > 250


@pytest.mark.parametrize("extension", [".avif", ".gif"])
@pytest.mark.parametrize("side", [400, 2000])
def test_what_the_browser_can_decode_is_converted_at_every_size(page, tmp_path, extension, side):
    photo = cv2.imread(str(IMAGES / "test_mask.jpg"))
    scale = side / max(photo.shape[:2])
    path = tmp_path / f"photo{extension}"
    path.write_bytes(encode(extension, cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))
    choose(page, path)
    found = results_of(page)
    assert max(found["image"].values()) == side
    assert [face["label"] for face in found["results"]] == ["face_mask"]


def test_a_heic_is_explained(page, tmp_path):
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(400))
    page.set_input_files("#file", tmp_path / "photo.heic")
    page.wait_for_selector("#error:not([hidden])")
    assert "is a HEIC; send a JPEG" in page.inner_text("#error-text")
