import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import GROUP, choose, opened, wait_until
from conftest import IMAGES
from playwright.sync_api import expect

from backend.settings import ROOT


@pytest.mark.parametrize(
    ("locale", "title"), [("en-US", "Face mask detector"), ("zh-CN", "口罩检测"), ("de-DE", "Face mask detector")]
)
def test_the_language_is_the_browsers(browser, addresses, locale, title):
    with opened(browser, addresses, locale=locale) as page:
        expect(page.locator("h1")).to_have_text(title)


def test_the_switch_translates_everything_and_is_remembered(page):
    choose(page, GROUP)
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("口罩检测")
    expect(page.locator("#status")).to_have_text("4 张人脸：2 人未戴口罩。")
    visible = page.inner_text("main")
    leftover = re.sub(r"[\w]+\.jpg|JSON|CSV|curl|zip|JPEG|PNG|WebP|BMP|Pascal VOC|YOLO|COCO", "", visible)
    assert re.findall("[A-Za-z]{3,}", leftover) == []
    page.reload()
    expect(page.locator("h1")).to_have_text("口罩检测")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("Face mask detector")


def test_the_apis_errors_are_translated(browser, addresses):
    with opened(browser, addresses, locale="zh-CN") as page:
        page.set_input_files("#file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"text"})
        wait_until(page, "error")
        expect(page.locator("#error-text")).to_contain_text("这不是支持的图片格式")
        expect(page.locator("#status")).to_have_text("a.jpg：没有结果。")
        expect(page.locator("#retry")).to_be_hidden()


def test_both_languages_have_every_text_that_is_used(page):
    keys = page.evaluate("import('./js/i18n.js').then((i18n) => i18n.KEYS)")
    sources = (ROOT / "index.html").read_text() + "".join(path.read_text() for path in (ROOT / "js").glob("*.js"))
    used = set(re.findall(r'data-t(?:-label)?="(\w+)"', sources)) | set(re.findall(r'\bt\("(\w+)"', sources))
    assert set(keys["en"]) == set(keys["zh"]) >= used


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser, addresses, scheme, width):
    with opened(browser, addresses, color_scheme=scheme, viewport={"width": width, "height": 900}) as page:

        def check():
            violations = Axe().run(page).response["violations"]
            assert [(v["id"], [node["html"][:80] for node in v["nodes"]]) for v in violations] == []

        check()
        choose(page, GROUP, IMAGES / "test_mask.jpg")
        expect(page.locator("#save-all")).to_be_visible(timeout=30_000)
        check()
        page.set_input_files("#file", {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"bad"})
        wait_until(page, "error")
        check()


def test_the_keyboard_reaches_everything_that_can_be_used(page):
    choose(page, GROUP)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    for wanted in ("language", "canvas", "zoom-in", "more", "threshold", "Picture", "Copy as curl"):
        assert wanted in reached


def test_a_control_that_disappears_hands_on_the_focus(page):
    def focused():
        return page.evaluate("document.activeElement.id")

    page.locator("#samples button").first.focus()
    page.keyboard.press("Enter")
    wait_until(page, "done")
    page.locator("#clear").focus()
    page.keyboard.press("Enter")
    wait_until(page, "idle")
    assert focused() == "choose"
    page.set_input_files("#file", GROUP)
    wait_until(page, "done")
    assert focused() == "canvas"


def test_cancel_by_keyboard_keeps_the_place(page, addresses):
    page.route(f"{addresses[0]}/api/**", lambda route: None)
    page.set_input_files("#file", [GROUP, GROUP])
    page.locator("#cancel").focus()
    page.keyboard.press("Enter")
    wait_until(page, "error")
    expect(page.locator("#retry")).to_be_focused()  # once the second photo's request has ended too
    page.unroute_all()
    page.keyboard.press("Enter")
    wait_until(page, "done")
    assert page.evaluate("document.activeElement.tagName") != "BODY"


def test_the_switch_translates_errors_too(page, addresses):
    page.set_input_files("#file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"text"})
    wait_until(page, "error")
    page.locator("#language").click()
    expect(page.locator("#error-text")).to_contain_text("这不是支持的图片格式")
    page.locator("#language").click()
    expect(page.locator("#error-text")).to_contain_text("in no known image format")


def test_nothing_moves_for_those_who_want_no_motion(browser, addresses):
    with opened(browser, addresses, reduced_motion="reduce") as page:
        page.evaluate("$('#main').attr('data-state', 'loading')")
        assert page.evaluate("getComputedStyle(document.querySelector('#status'), '::before').animationName") == "none"


def test_it_says_where_photos_are_stored(page):
    expect(page.locator("footer")).to_contain_text("This browser keeps them, on this device only")
