"""Writes the README's screenshots anew: look at them before you commit them.

    .venv/bin/python tests/renew_screenshots.py [DIR]

With DIR it writes one for each size, language and theme there instead.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import browsing  # noqa: E402
import servers  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
IMAGES = HERE.parent / "images"
PHOTOS = [IMAGES / name for name in ("test_group.jpg", "test_mask.jpg", "test_face.jpg")]


def shoot(browser, addresses, target, size, locale, scheme):
    with browsing.opened(browser, addresses, viewport=size, locale=locale, color_scheme=scheme) as page:
        page.set_input_files("#file", PHOTOS)
        browsing.expect(page.locator("#strip [data-item-state=done]")).to_have_count(len(PHOTOS), timeout=30_000)
        browsing.wait_until(page, "done")
        page.wait_for_timeout(500)  # the count follows
        page.screenshot(path=target)


def main():
    with servers.api_and_page() as addresses, sync_playwright() as playwright:
        browser = browsing.launch(playwright)
        if len(sys.argv) > 1:
            for size_name, size in (("desktop", DESKTOP), ("phone", PHONE)):
                for locale in ("en-US", "zh-CN"):
                    for scheme in ("light", "dark"):
                        target = Path(sys.argv[1]) / f"{size_name}-{locale}-{scheme}.png"
                        shoot(browser, addresses, target, size, locale, scheme)
        else:
            shoot(browser, addresses, IMAGES / "screenshot.png", DESKTOP, "en-US", "light")
            shoot(browser, addresses, IMAGES / "screenshot-phone.png", PHONE, "zh-CN", "dark")
        browser.close()


if __name__ == "__main__":
    main()
