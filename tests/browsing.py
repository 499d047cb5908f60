"""What the browser tests share."""

import contextlib
import json
import urllib.request

from playwright.sync_api import expect

from backend.settings import ROOT
from scripts.development.find_chromium import find_chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
GROUP = ROOT / "images" / "test_group.jpg"


def launch(playwright, *flags):
    return playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, *flags])


@contextlib.contextmanager
def opened(browser, addresses, path="/", **options):
    """The page in a fresh context; fails if a script failed or the Content-Security-Policy was broken."""
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | options))
    tab = context.new_page()
    trouble = []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("console", lambda message: trouble.append(message.text) if "Content Security" in message.text else None)
    tab.goto(f"{addresses[1]}{path}?api={addresses[0]}")
    expect(tab.locator("h1")).not_to_be_empty()
    yield tab
    context.close()
    assert trouble == []


def wait_until(page, state):
    expect(page.locator("#main")).to_have_attribute("data-state", state, timeout=30_000)


def choose(page, *photos):
    page.set_input_files("#file", list(photos))
    wait_until(page, "done")


def set_threshold(page, value):
    page.evaluate("value => $('#threshold').val(value).trigger('input')", value)


def picture_of(page):
    return page.evaluate("$('#canvas')[0].toDataURL()")


def ask_api(api, photo, threshold, detail="fine"):
    request = urllib.request.Request(
        f"{api}/api/?threshold={threshold}&detail={detail}", photo.read_bytes(), {"Content-Type": "image/jpeg"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
