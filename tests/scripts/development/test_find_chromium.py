from pathlib import Path

from scripts.development.find_chromium import find_chromium


def test_it_finds_the_browser_that_the_tests_drive():
    assert Path(find_chromium()).is_file()
