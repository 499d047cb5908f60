import pytest
from browsing import ask_api, choose, picture_of, set_threshold, wait_until
from conftest import IMAGES
from playwright.sync_api import expect


@pytest.mark.parametrize("name", ["test_group.jpg", "test_mask.jpg", "test_no_face.jpg", "test_rotated.jpg"])
def test_choose_a_photo_and_compare_with_the_api(page, addresses, name):
    choose(page, IMAGES / name)
    labels = [
        result["label"] for result in ask_api(addresses[0], IMAGES / name, page.input_value("#threshold"))["results"]
    ]
    assert page.inner_text("#count-masked") == str(labels.count("face_mask"))
    assert page.inner_text("#count-unmasked") == str(labels.count("face"))
    assert page.locator("#faces tr").count() == len(labels)


def test_the_canvas_has_the_photos_proportions_and_its_boxes(page, addresses):
    choose(page, IMAGES / "test_rotated.jpg")
    image = ask_api(addresses[0], IMAGES / "test_rotated.jpg", 0.5)["image"]
    box = page.locator("#canvas").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(image["width"] / image["height"], rel=0.02)
    drawn = picture_of(page)
    set_threshold(page, 1)
    assert picture_of(page) != drawn


def test_the_threshold_filters_without_asking_again(page):
    choose(page, IMAGES / "test_group.jpg")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    set_threshold(page, 1)
    expect(page.locator("#status")).to_have_text("0 shown, 4 hidden by the filter.")
    set_threshold(page, 0.1)
    assert page.locator("#faces tr").count() >= 4
    assert requests == []


def test_drag_and_drop(page):
    page.evaluate(
        """async () => {
            const blob = await (await fetch("images/test_mask.jpg")).blob();
            const transfer = new DataTransfer();
            transfer.items.add(new File([blob], "dropped.jpg", { type: "image/jpeg" }));
            const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
            for (const kind of ["dragenter", "dragover", "drop"]) {
                document.querySelector("#drop").dispatchEvent(new DragEvent(kind, options));
            }
        }"""
    )
    wait_until(page, "done")
    assert page.inner_text("#file-name") == "dropped.jpg"
    assert page.inner_text("#count-masked") == "1"
    assert "dragging" not in (page.get_attribute("body", "class") or "")


def test_samples_can_be_clicked(page):
    for index in range(page.locator("#samples button").count()):
        page.locator("#samples button").nth(index).click()
        wait_until(page, "done")
        assert page.inner_text("#file-name").startswith("test_")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"no photo at all", "in no known image format"),
        ("photo.heic", b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC"),
        ("empty.jpg", b"", "0 bytes"),
        ("cut.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "truncated or corrupt"),
        ("large.jpg", b"\xff\xd8\xff" + bytes(17 * 2**20), "over the limit of 16 MiB"),
    ],
)
def test_what_the_api_refuses_is_said(page, name, content, said):
    page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": content})
    wait_until(page, "error")
    expect(page.locator("#error-text")).to_contain_text(said)
    choose(page, IMAGES / "test_face.jpg")
    expect(page.locator("#error")).to_be_hidden()


def test_a_name_is_never_html(page):
    name = "<img src=x onerror=alert(1)>.jpg"
    page.set_input_files(
        "#file", {"name": name, "mimeType": "image/jpeg", "buffer": (IMAGES / "test_face.jpg").read_bytes()}
    )
    wait_until(page, "done")
    assert page.inner_text("#file-name") == name


def test_the_keyboard_alone(page):
    page.focus("#samples button")
    page.keyboard.press("Enter")
    wait_until(page, "done")
    page.focus("#threshold")
    before = page.inner_text("#threshold-value")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#threshold-value") != before


@pytest.mark.parametrize("width", [360, 760, 1280, 3840])
def test_nothing_is_cut_off_at_any_width(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    choose(page, IMAGES / "test_group.jpg")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
