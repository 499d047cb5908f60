import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import cv2
import pytest
from browsing import GROUP, ask_api, choose, set_threshold
from conftest import IMAGES
from playwright.sync_api import expect


def download(page, selector):
    with page.expect_download() as started:
        page.locator(selector).click()
    return started.value


def content(downloaded):
    return Path(downloaded.path()).read_bytes()


def test_the_annotated_picture_at_full_size(page, tmp_path):
    choose(page, GROUP)
    downloaded = download(page, "#save-one [data-save=picture]")
    assert downloaded.suggested_filename == "test_group_faces.jpg"
    saved, photo = cv2.imread(str(downloaded.path())), cv2.imread(str(GROUP))
    assert saved.shape == photo.shape
    assert (cv2.absdiff(saved, photo) > 60).any()


def test_json_and_csv_hold_what_is_shown(page, addresses):
    choose(page, GROUP)
    set_threshold(page, 0.7)
    shown = page.locator("#faces tr").count()
    faces = json.loads(content(download(page, "#save-one [data-save=json]")))["results"]
    rows = list(csv.DictReader(io.StringIO(content(download(page, "#save-one [data-save=csv]")).decode("utf-8-sig"))))
    assert len(faces) == len(rows) == shown
    assert faces == ask_api(addresses[0], GROUP, 0.7)["results"]
    assert [float(row["x1"]) for row in rows] == [face["box"][0] for face in faces]
    assert {row["photo"] for row in rows} == {"test_group.jpg"}


def test_all_photos_in_one_zip_one_json_one_csv(page):
    page.set_input_files("#file", [GROUP, IMAGES / "test_mask.jpg", GROUP])
    expect(page.locator("#save-all-text")).to_have_text("Save all 3", timeout=30_000)
    archive = download(page, "#save-all [data-save=zip]")
    with zipfile.ZipFile(archive.path()) as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == ["test_group.jpg", "test_mask.jpg", "test_group_2.jpg"]
        assert all(zipped.read(name).startswith(b"\xff\xd8\xff") for name in zipped.namelist())
    answers = json.loads(content(download(page, "#save-all [data-save=json]")))
    rows = list(csv.DictReader(io.StringIO(content(download(page, "#save-all [data-save=csv]")).decode("utf-8-sig"))))
    assert [answer["photo"] for answer in answers] == ["test_group.jpg", "test_mask.jpg", "test_group.jpg"]
    assert len(rows) == sum(len(answer["results"]) for answer in answers) == 9


@pytest.mark.parametrize("name", ['=HYPERLINK("x").jpg', 'a,b "c".jpg', "照片.jpg"])
def test_odd_names_survive_csv_and_zip(page, name):
    photo = {"name": name, "mimeType": "image/jpeg", "buffer": (IMAGES / "test_mask.jpg").read_bytes()}
    page.set_input_files("#file", [photo, photo])
    expect(page.locator("#save-all-text")).to_have_text("Save all 2", timeout=30_000)
    text = content(download(page, "#save-all [data-save=csv]")).decode("utf-8-sig")
    first = next(csv.DictReader(io.StringIO(text)))["photo"]
    assert first == (f"'{name}" if name.startswith("=") else name)
    with zipfile.ZipFile(download(page, "#save-all [data-save=zip]").path()) as zipped:
        assert zipped.namelist()[0] == name


def test_the_request_as_curl_gives_the_same_answer(page, addresses):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, GROUP)
    page.locator("[data-copy=curl]").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    command = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["sh", "-c", command], cwd=IMAGES, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["results"] == ask_api(addresses[0], GROUP, 0.5)["results"]
