"""Other people's models: the page's words, counts, colours and switches make sense for any labels."""

import pytest
import servers
from browsing import GROUP, choose, opened, picture_of, set_threshold
from playwright.sync_api import expect

from backend.settings import ROOT

CASES = ROOT / "tests" / "cases"
PHOTO = ROOT / "images" / "test_mask.jpg"


@pytest.fixture(scope="module")
def general():
    """Servers with a model of 35 labels."""
    with servers.api_and_page(MODEL_DIR=CASES / "model_coco_overlap") as addresses:
        yield addresses


def look_once(page, photo):
    """These models find the same in every part of a photo."""
    page.locator("#fine").uncheck()
    choose(page, photo)


def test_a_general_model_lists_what_is_on_the_photo(general, browser):
    with opened(browser, general) as page:
        look_once(page, PHOTO)
        labels = page.locator("#faces td:nth-child(2)").all_inner_texts()
        assert len(labels) == 3
        counts = dict(
            zip(page.locator("#counts dt").all_inner_texts(), page.locator("#counts dd").all_inner_texts(), strict=True)
        )
        assert {name.lower() for name in counts} == {label.lower() for label in labels}
        assert set(counts.values()) == {"1"}
        status = page.inner_text("#status")
        assert status.startswith("3 found: ")
        assert all(f"1 {label}" in status for label in labels)
        assert "mask" not in status
        assert page.get_attribute("#status", "data-tone") == "none"
        drawn = picture_of(page)
        page.locator(f'#classes input[value="{labels[0]}"]').uncheck()
        expect(page.locator("#faces tr")).to_have_count(2)
        assert picture_of(page) != drawn


def test_a_general_model_lists_no_label_that_is_under_the_threshold_only(general, browser):
    with opened(browser, general) as page:
        look_once(page, PHOTO)
        set_threshold(page, 1)
        expect(page.locator("#counts dt")).to_have_count(0)


def test_a_switched_off_label_stays_off_for_the_next_photo(general, browser):
    with opened(browser, general) as page:
        look_once(page, PHOTO)
        label = page.locator("#classes input").first.get_attribute("value")
        page.locator(f'#classes input[value="{label}"]').uncheck()
        choose(page, ROOT / "images" / "test_face.jpg")
        expect(page.locator("#faces tr")).to_have_count(2)
        assert not page.locator(f'#classes input[value="{label}"]').is_checked()


def test_chinese_labels_are_readable(browser):
    with (
        servers.api_and_page(MODEL_DIR=CASES / "model_chinese_labels") as addresses,
        opened(browser, addresses) as page,
    ):
        choose(page, GROUP)
        assert page.locator("#counts dt").all_inner_texts() == ["未戴口罩", "戴口罩"]
