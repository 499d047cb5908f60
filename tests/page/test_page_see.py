import cv2
import numpy as np
import pytest
from browsing import GROUP, choose, picture_of, set_threshold
from conftest import IMAGES
from playwright.sync_api import expect


def test_the_class_switches_filter_at_once(page):
    choose(page, GROUP)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.locator("#classes input[value=face]").uncheck()
    assert (page.inner_text("#count-masked"), page.inner_text("#count-unmasked")) == ("2", "2")  # boxes go, not counts
    expect(page.locator("#status")).to_have_text("2 shown, 2 hidden by the filter.")
    page.locator("#classes input[value=face_mask]").uncheck()
    expect(page.locator("#status")).to_have_text("0 shown, 4 hidden by the filter.")
    assert requests == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_group.jpg", "4 faces: 2 without a mask."),
        ("test_mask.jpg", "1 face, and it wears a mask."),
        ("test_face.jpg", "1 face, without a mask."),
        ("test_no_face.jpg", "No face found."),
    ],
)
def test_the_banner_in_words(page, name, words):
    choose(page, IMAGES / name)
    expect(page.locator("#status")).to_have_text(words)


def test_hovering_a_row_marks_its_face_on_the_photo(page):
    choose(page, GROUP)
    plain = picture_of(page)
    page.locator("#faces tr").nth(1).hover()
    marked = picture_of(page)
    assert marked != plain
    assert "marked" in page.locator("#faces tr").nth(1).get_attribute("class")
    page.locator("h1").hover()
    assert picture_of(page) == plain


def test_hovering_a_face_marks_its_row(page):
    choose(page, GROUP)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 8, box["y"] + box["height"] * 0.4)
    expect(page.locator("#faces tr.marked")).to_have_count(1)
    expect(page.locator("#faces tr.marked")).to_contain_text("with a mask")


def test_the_arrow_keys_walk_through_the_faces(page):
    choose(page, GROUP)
    page.locator("#faces tr").first.focus()
    for expected in ("2", "3", "4", "4"):
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.cells[0].textContent") == expected
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.cells[0].textContent") == "3"
    expect(page.locator("#faces tr.marked")).to_have_count(1)


def test_zoom_and_pan_by_keyboard_buttons_wheel_and_drag(page):
    choose(page, GROUP)
    pictures = [picture_of(page)]

    def is_new():
        pictures.append(picture_of(page))
        return pictures[-1] not in pictures[:-1]

    page.locator("#canvas").focus()
    page.keyboard.press("+")
    assert is_new()
    page.keyboard.press("ArrowRight")
    assert is_new()
    page.locator("#zoom-in").click()
    assert is_new()
    box = page.locator("#canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(100)
    assert is_new()
    page.mouse.down()
    page.mouse.move(middle[0] + 80, middle[1] + 20, steps=4)
    page.mouse.up()
    assert is_new()
    page.locator("#zoom-fit").click()
    page.locator("h1").hover()
    assert picture_of(page) == pictures[0]


def test_only_faces_in_view_have_labels_and_a_row_brings_its_face_there(page):
    choose(page, GROUP)
    page.locator("#canvas").focus()
    for _ in range(7):
        page.keyboard.press("+")
    before = picture_of(page)
    page.locator("#faces tr").first.hover()
    page.locator("h1").hover()
    assert picture_of(page) != before


def test_labels_keep_clear_of_each_other(page):
    overlaps = page.evaluate(
        """async () => {
            const { drawFaces } = await import("./js/boxes.js");
            const labels = [];
            const context = document.createElement("canvas").getContext("2d");
            const fillRect = context.fillRect.bind(context);
            context.fillRect = (x, y, w, h) => { if (w > 10) labels.push([x, y, w, h]); fillRect(x, y, w, h); };
            const faces = [0, 1, 2, 3].map((n) => (
                { label: n % 2 ? "face" : "face_mask", score: 0.9, box: [100 + 12 * n, 100 + 9 * n, 220 + 12 * n, 220 + 9 * n] }
            ));
            drawFaces(context, faces, { place: (x, y) => [x, y], size: { width: 600, height: 400 } });
            const area = ([ax, ay, aw, ah], [bx, by, bw, bh]) =>
                Math.max(0, Math.min(ax + aw, bx + bw) - Math.max(ax, bx))
                * Math.max(0, Math.min(ay + ah, by + bh) - Math.max(ay, by));
            return labels.flatMap((a, i) => labels.slice(0, i).map((b) => area(a, b)));
        }"""
    )
    assert len(overlaps) == 6
    assert max(overlaps) == 0


def test_the_times_are_shown(page):
    choose(page, GROUP)
    expect(page.locator("#timing")).to_contain_text("1600 × 500 px")
    for word in ("sending", "decoding", "inference"):
        expect(page.locator("#timing")).to_contain_text(word)


def test_the_threshold_stays_as_it_was_set_for_the_next_photo(page):
    choose(page, GROUP)
    set_threshold(page, 1)
    choose(page, IMAGES / "test_mask.jpg")
    expect(page.locator("#threshold-value")).to_have_text("1.00")


def test_a_close_look_is_the_default_and_a_switch_asks_again(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    choose(page, IMAGES / "test_mask.jpg")
    expect(page.locator("#timing")).to_contain_text("in 5 parts")
    page.locator("#fine").uncheck()
    expect(page.locator("#timing")).not_to_contain_text("parts")
    page.locator("#fine").check()
    expect(page.locator("#timing")).to_contain_text("in 5 parts")
    assert [url.rpartition("detail=")[2] for url in asked] == ["fine", "normal", "fine"]


def test_a_panorama_is_sent_large_enough_for_its_faces(page, tmp_path):
    photo = np.full((600, 8000, 3), 128, np.uint8)
    face = cv2.imread(str(IMAGES / "test_mask.jpg"))
    face = cv2.resize(face, (160, 200), interpolation=cv2.INTER_AREA)
    for x in (300, 3500, 7000):
        photo[200:400, x : x + 160] = face
    cv2.imwrite(str(tmp_path / "panorama.jpg"), photo)
    choose(page, tmp_path / "panorama.jpg")
    expect(page.locator("#count-masked")).to_have_text("3")
