import json
import os
import urllib.request
from pathlib import Path

import pytest
import servers
from conftest import IMAGES
from playwright.sync_api import expect, sync_playwright

from backend.settings import ROOT
from scripts.find_chromium import find_chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def addresses():
    with servers.api_and_page() as (api, page):
        yield api, page


@pytest.fixture(scope="module")
def browser():
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, addresses):
    """The page, opened; fails the test if anything went wrong in its console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    trouble = []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("console", lambda message: trouble.append(message.text) if "Content Security" in message.text else None)
    tab.goto(f"{addresses[1]}/?api={addresses[0]}")
    yield tab
    context.close()
    assert trouble == []


def ask_api(api, photo, threshold):
    request = urllib.request.Request(
        f"{api}/api/?threshold={threshold}", photo.read_bytes(), {"Content-Type": "image/jpeg"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_until(page, state):
    expect(page.locator("#main")).to_have_attribute("data-state", state, timeout=30_000)


@pytest.mark.parametrize("name", ["test_group.jpg", "test_mask.jpg", "test_no_face.jpg", "test_rotated.jpg"])
def test_choose_a_photo_and_compare_with_the_api(page, addresses, name):
    page.set_input_files("#file", IMAGES / name)
    wait_until(page, "done")
    labels = [
        result["label"] for result in ask_api(addresses[0], IMAGES / name, page.input_value("#threshold"))["results"]
    ]
    assert page.inner_text("#count-masked") == str(labels.count("face_mask"))
    assert page.inner_text("#count-unmasked") == str(labels.count("face"))
    assert page.locator("#faces tr").count() == len(labels)


def test_the_canvas_has_the_photos_proportions_and_its_boxes(page, addresses):
    page.set_input_files("#file", IMAGES / "test_rotated.jpg")
    wait_until(page, "done")
    image = ask_api(addresses[0], IMAGES / "test_rotated.jpg", 0.5)["image"]
    box = page.locator("#canvas").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(image["width"] / image["height"], rel=0.02)
    drawn = page.evaluate("$('#canvas')[0].toDataURL()")
    page.evaluate("$('#threshold').val(1).trigger('input')")
    assert page.evaluate("$('#canvas')[0].toDataURL()") != drawn


def test_the_threshold_filters_without_asking_again(page):
    page.set_input_files("#file", IMAGES / "test_group.jpg")
    wait_until(page, "done")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate("$('#threshold').val(1).trigger('input')")
    expect(page.locator("#status")).to_have_text("No face found.")
    page.evaluate("$('#threshold').val(0.1).trigger('input')")
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
    page.set_input_files("#file", IMAGES / "test_face.jpg")
    wait_until(page, "done")
    expect(page.locator("#error")).to_be_hidden()


def test_a_name_is_never_html(page):
    name = "<img src=x onerror=alert(1)>.jpg"
    page.set_input_files(
        "#file", {"name": name, "mimeType": "image/jpeg", "buffer": (IMAGES / "test_face.jpg").read_bytes()}
    )
    wait_until(page, "done")
    assert page.inner_text("#file-name") == name


def test_an_api_that_is_not_there(browser, addresses):
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{addresses[1]}/?api=http://localhost:{servers.free_port()}")
    tab.set_input_files("#file", IMAGES / "test_face.jpg")
    wait_until(tab, "error")
    expect(tab.locator("#error-text")).to_contain_text("cannot be reached")
    context.close()


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
    page.set_input_files("#file", IMAGES / "test_group.jpg")
    wait_until(page, "done")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_screenshot_for_the_readme(page):
    """With SCREENSHOTS=1 in the environment it renews images/screenshot.png."""
    page.set_input_files("#file", IMAGES / "test_group.jpg")
    wait_until(page, "done")
    target = ROOT / "images" / "screenshot.png" if os.environ.get("SCREENSHOTS") else Path(os.devnull)
    picture = page.screenshot(type="png")
    assert picture.startswith(b"\x89PNG")
    target.write_bytes(picture)
