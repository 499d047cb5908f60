import pytest
import servers
from browsing import GROUP, choose, opened, wait_until
from playwright.sync_api import expect

KEY = "s3cret-key"


@pytest.fixture(scope="module")
def closed():
    """The URLs of an API that asks for a key, and a page."""
    with servers.api_and_page(API_KEY=KEY) as addresses:
        yield addresses


@pytest.fixture
def asked(browser, closed):
    """The page, asking for the key after a photo was chosen."""
    with opened(browser, closed) as page:
        page.set_input_files("#file", GROUP)
        expect(page.locator("#key")).to_be_visible(timeout=20_000)
        yield page


def enter(page, key):
    page.fill("#key-input", key)
    page.press("#key-input", "Enter")


def test_the_page_asks_for_the_key_and_goes_on(asked):
    expect(asked.locator("#key-text")).to_have_text("This detector asks for an API key.")
    expect(asked.locator("#key-input")).to_be_focused()
    enter(asked, KEY)
    wait_until(asked, "done")
    expect(asked.locator("#key")).to_be_hidden()
    choose(asked, GROUP)


def test_a_wrong_key_is_named_and_can_be_corrected(asked):
    enter(asked, "wrong")
    expect(asked.locator("#key-text")).to_have_text("The detector does not take this API key.")
    enter(asked, f" {KEY} ")
    wait_until(asked, "done")


def test_a_key_that_no_header_can_carry_is_a_wrong_one(asked):
    enter(asked, "密钥")
    expect(asked.locator("#key-text")).to_have_text("The detector does not take this API key.")


def test_the_key_lasts_for_the_tab_and_no_longer(asked, browser, closed):
    enter(asked, KEY)
    wait_until(asked, "done")
    asked.reload()
    choose(asked, GROUP)
    with opened(browser, closed) as other:
        other.set_input_files("#file", GROUP)
        expect(other.locator("#key")).to_be_visible(timeout=20_000)


def test_the_copied_command_does_not_hold_the_key(asked):
    enter(asked, KEY)
    wait_until(asked, "done")
    command = asked.evaluate(
        "import('./js/api.js').then(({ asCurl }) => asCurl(new URLSearchParams(location.search).get('api'), 'a.jpg', 'image/jpeg', 0.5))"
    )
    assert "-H 'X-API-Key: YOUR-KEY'" in command
    assert KEY not in command


def test_the_form_speaks_chinese(asked):
    asked.click("#language")
    expect(asked.locator("#key-text")).to_have_text("此检测服务需要 API 密钥。")
    assert asked.inner_text("#key button") == "使用此密钥"


def test_a_key_goes_to_the_api_only_that_it_was_given_for(asked, addresses):
    enter(asked, KEY)
    wait_until(asked, "done")
    other = f"http://localhost:{servers.free_port()}"
    sent = asked.evaluate("api => import('./js/api_key.js').then(({ keyHeaders }) => keyHeaders(api))", other)
    assert sent == {}
