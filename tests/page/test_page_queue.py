import json
import shutil

import cv2
import numpy as np
import pytest
from browsing import GROUP, ask_api, choose, wait_until
from conftest import IMAGES, encode
from playwright.sync_api import expect

PHOTOS = [IMAGES / name for name in ("test_group.jpg", "test_mask.jpg", "test_face.jpg", "test_no_face.jpg")]


def states(page):
    return page.locator("#strip button").evaluate_all("buttons => buttons.map(b => b.dataset.itemState)")


def test_several_photos_and_one_that_is_none(page, tmp_path):
    bad = tmp_path / "notes.jpg"
    bad.write_bytes(b"no photo")
    page.set_input_files("#file", [PHOTOS[0], bad, *PHOTOS[1:]])
    expect(page.locator("#progress-text")).to_have_text("4 of 5 done, 1 failed", timeout=30_000)
    assert states(page) == ["done", "failed", "done", "done", "done"]
    counts = page.locator("#strip .state").all_inner_texts()
    assert counts == ["2 with, 2 without", "failed", "1 with, 0 without", "0 with, 1 without", "0 with, 0 without"]
    page.locator("#strip button").nth(1).click()
    wait_until(page, "error")
    expect(page.locator("#error-text")).to_contain_text("in no known image format")
    page.locator("#strip button").nth(2).click()
    wait_until(page, "done")
    assert page.inner_text("#file-name") == "test_mask.jpg"


def test_a_whole_folder(page, tmp_path):
    (tmp_path / "below").mkdir()
    shutil.copy(PHOTOS[1], tmp_path / "a.jpg")
    shutil.copy(PHOTOS[2], tmp_path / "below" / "b.jpeg")
    (tmp_path / "list.txt").write_text("no photo")
    page.set_input_files("#folder-file", tmp_path)
    expect(page.locator("#progress-text")).to_have_text("2 of 2 done", timeout=30_000)


def test_a_folder_without_photos(page, tmp_path):
    (tmp_path / "list.txt").write_text("no photo")
    page.set_input_files("#folder-file", tmp_path)
    expect(page.locator(".notice")).to_contain_text("holds no photo")


def test_cancel_and_clear(page, addresses):
    page.route(f"{addresses[0]}/api/**", lambda route: None)  # never answered
    page.set_input_files("#file", PHOTOS)
    page.locator("#cancel").click()
    expect(page.locator("#strip [data-item-state=cancelled]")).to_have_count(4)
    expect(page.locator("#cancel")).to_be_disabled()
    page.unroute_all()
    expect(page.locator("#progress-text")).to_have_text("0 of 4 done, 4 cancelled")
    page.locator("#retry").click()
    expect(page.locator("#strip [data-item-state=done]")).to_have_count(1, timeout=30_000)
    page.locator("#retry-all").click()
    expect(page.locator("#progress-text")).to_have_text("4 of 4 done", timeout=30_000)
    page.locator("#clear").click()
    expect(page.locator("#queue")).to_be_hidden()
    wait_until(page, "idle")


def test_one_photo_can_be_cancelled_and_cleared(page, addresses):
    page.route(f"{addresses[0]}/api/**", lambda route: None)
    page.set_input_files("#file", PHOTOS[0])
    page.locator("#cancel").click()
    wait_until(page, "error")
    expect(page.locator("#error-text")).to_have_text("cancelled")
    page.locator("#clear").click()
    wait_until(page, "idle")
    page.unroute_all()


def test_a_problem_beside_the_photos_leaves_them_shown(page, tmp_path):
    choose(page, PHOTOS[0])
    page.set_input_files("#folder-file", tmp_path)
    expect(page.locator(".notice")).to_contain_text("holds no photo")
    page.locator(".notice .close").click()
    expect(page.locator(".notice")).to_have_count(0)
    expect(page.locator("#figure")).to_be_visible()
    assert page.inner_text("#count-masked") == "2"
    page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"x"})
    wait_until(page, "error")


def test_paste_anywhere(page):
    page.evaluate(
        """async () => {
            const blob = await (await fetch("images/test_mask.jpg")).blob();
            const data = new DataTransfer();
            data.items.add(new File([blob], "pasted.jpg", { type: "image/jpeg" }));
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }"""
    )
    wait_until(page, "done")
    assert page.inner_text("#file-name") == "pasted.jpg"


def test_a_large_photo_is_sent_small_and_answered_in_its_own_pixels(page, addresses, tmp_path):
    large = tmp_path / "large.jpg"
    image = cv2.resize(cv2.imread(str(GROUP)), (4800, 1500), interpolation=cv2.INTER_CUBIC)
    large.write_bytes(encode(".jpg", image, cv2.IMWRITE_JPEG_QUALITY, 98))
    with page.expect_request(lambda request: "/api/" in request.url) as sent:
        choose(page, large)
    body = sent.value.post_data_buffer
    assert body is None or len(body) < large.stat().st_size / 2
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-copy=json]").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    answer = json.loads(page.evaluate("navigator.clipboard.readText()"))
    expected = ask_api(addresses[0], large, 0.5)
    assert answer["image"] == expected["image"] == {"width": 4800, "height": 1500}
    assert [face["label"] for face in answer["results"]] == [face["label"] for face in expected["results"]]
    for face, wanted in zip(answer["results"], expected["results"], strict=True):
        np.testing.assert_allclose(face["box"], wanted["box"], atol=60)


@pytest.mark.parametrize("count", [30])
def test_a_long_queue_ends(page, count):
    page.set_input_files("#file", [PHOTOS[index % 4] for index in range(count)])
    expect(page.locator("#progress-text")).to_have_text(f"{count} of {count} done", timeout=60_000)
