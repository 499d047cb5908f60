"""The loop from a wrong box to a better model: the page, its data set, training, and the model in use. Takes minutes.

sh scripts/check.sh -m training
"""

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
import servers
from browsing import opened
from playwright.sync_api import expect

from backend.settings import MODELS, ROOT
from backend.shell import command_line
from scripts.benchmarking.own_api import free_port
from scripts.training import smoke

PYTHON = ROOT / ".venv-training" / "bin" / "python"


def ready(api):
    with urllib.request.urlopen(f"{api}/readyz", timeout=10) as answer:
        return json.load(answer)


def adapt(*arguments):
    command = [PYTHON, "scripts/training/adapt.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800)


@pytest.mark.training
def test_from_a_wrong_box_to_a_better_model_in_use(browser, tmp_path):
    assert PYTHON.is_file(), "make the training environment first, as the README says"
    smoke.generate(tmp_path / "drawn")
    served, adapted = tmp_path / "served", tmp_path / "adapted"
    served.mkdir()
    for path in MODELS.iterdir():
        shutil.copy(path, served)
    web = free_port()
    origin = f"http://localhost:{web}"
    with (
        servers.api(MODEL_DIR=served, CORS_ORIGINS=origin) as (api, process),
        servers.run(sys.executable, "scripts/serve_page.py", WEB_PORT=web) as page_process,
    ):
        servers.wait_for(f"http://127.0.0.1:{web}/", page_process)
        before = ready(api)
        archive = corrected_on_the_page(browser, (api.replace("127.0.0.1", "localhost"), origin), tmp_path)
        done = adapt(archive, "--output", adapted)
        assert done.returncode == 0, done.stdout + done.stderr
        card = (adapted / "README.md").read_text()
        assert "8 photos for training, 2 for validation" in card
        for path in adapted.iterdir():
            shutil.copy(path, served)
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while ready(api)["checksum"] == before["checksum"] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert ready(api)["checksum"] in card
        assert ready(api)["checksum"] != before["checksum"]


def corrected_on_the_page(browser, addresses, tmp_path):
    """Put the drawn pictures with their labels onto the page, take a wrong box away, and save the data set."""
    drawn = tmp_path / "drawn"
    with opened(browser, addresses) as page:
        page.set_input_files("#file", [*(drawn / "JPEGImages").iterdir(), *(drawn / "Annotations").iterdir()])
        expect(page.locator("#progress-text")).to_have_text("10 of 10 done", timeout=60_000)
        expect(page.locator("#dataset-text")).to_contain_text("10 of 10 photos are checked")
        page.locator("#correct").click()
        page.locator("#canvas").press("a")
        expect(page.locator("#faces tr")).to_have_count(3)
        page.locator("#canvas").press("Delete")
        expect(page.locator("#faces tr")).to_have_count(2)
        with page.expect_download() as download:
            page.locator("#dataset-save").click()
        download.value.save_as(tmp_path / "corrected.zip")
    return tmp_path / "corrected.zip"


@pytest.mark.training
def test_what_would_be_worse_is_not_installed_and_the_same_command_says_so_again(tmp_path):
    photos = sorted((ROOT / "images").glob("test_*.jpg"))
    labels = ["--save-labels", "voc", str(tmp_path / "set")]
    assert command_line.main([*map(str, photos), *labels]) == 0
    for path in (tmp_path / "set" / "Annotations").iterdir():
        if path.stem not in (
            photos[0].stem,
            "test_no_face",
        ):  # training learns that there is no face; the one that validates knows better
            path.write_text(path.read_text().split("<object>")[0] + "</annotation>")
    for _ in range(2):
        done = adapt(tmp_path / "set", "--output", tmp_path / "worse", "--distillation", 0, "--epochs", 15)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "It is worse than before" in done.stdout
        assert not (tmp_path / "worse").exists()
