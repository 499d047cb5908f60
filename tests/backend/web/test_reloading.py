import json
import shutil
import signal
import threading
import time
import urllib.request
from dataclasses import replace

import pytest
import servers
from conftest import IMAGES

from app import create_app
from backend.settings import MODELS, ROOT

KEY = "a key"
CHINESE = ROOT / "tests" / "cases" / "model_chinese_labels"
PHOTO = (IMAGES / "test_mask.jpg").read_bytes()


def fill(folder, source):
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for path in source.iterdir():
        if path.suffix in (".onnx", ".yml"):
            shutil.copy(path, folder)
    for path in folder.glob("picodet_*_facemask.yml"):
        path.unlink()


@pytest.fixture
def folder(tmp_path):
    fill(tmp_path / "model", MODELS)
    return tmp_path / "model"


@pytest.fixture
def client(settings, folder):
    return create_app(replace(settings, model_dir=folder, api_key=KEY)).test_client()


def reload(client, key=KEY):
    return client.post("/admin/reload", headers={"X-API-Key": key})


def labels(client):
    answer = client.post("/api/", data=PHOTO, content_type="image/jpeg", headers={"X-API-Key": KEY})
    return answer.get_json()["model"]["labels"]


def test_a_changed_folder_is_taken_into_use(client, folder):
    before = client.get("/readyz").get_json()
    assert labels(client) == ["face", "face_mask"]
    fill(folder, CHINESE)
    answer = reload(client)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "reloaded")
    after = client.get("/readyz").get_json()
    assert (after["model"], after["checksum"]) == (answer.get_json()["model"], answer.get_json()["checksum"])
    assert after["checksum"] != before["checksum"]
    assert labels(client) == ["未戴口罩", "戴口罩"]


def test_a_broken_folder_is_refused_and_the_old_model_stays(client, folder):
    before = client.get("/readyz").get_json()
    (onnx,) = folder.glob("*.onnx")
    onnx.write_bytes(onnx.read_bytes()[:1000])
    answer = reload(client)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "model_refused")
    assert "still in use" in answer.get_json()["detail"]
    assert client.get("/readyz").get_json() == before
    assert labels(client) == ["face", "face_mask"]


def test_only_who_has_the_key_may(client, settings):
    assert reload(client, "wrong").get_json()["code"] == "unauthorized"
    assert client.get("/admin/reload", headers={"X-API-Key": KEY}).status_code == 405
    open_to_all = create_app(settings).test_client()
    assert open_to_all.post("/admin/reload").get_json()["code"] == "not_found"
    evil = {"X-API-Key": KEY, "Origin": "https://evil.example"}
    assert client.post("/admin/reload", headers=evil).get_json()["code"] == "cross_site"


def test_one_at_a_time(client):
    client.application.extensions["reloader"].lock.acquire()
    assert reload(client).get_json()["code"] == "reloading"


def ask(url):
    request = urllib.request.Request(f"{url}/api/", PHOTO, {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["model"]["labels"]


def test_sighup_loses_no_request(folder):
    with servers.api(MODEL_DIR=folder) as (url, process):
        seen, failed, end = [], [], threading.Event()

        def keep_asking():
            while not end.is_set():
                try:
                    seen.append(tuple(ask(url)))
                except OSError as error:
                    failed.append(error)

        threads = [threading.Thread(target=keep_asking) for _ in range(3)]
        for thread in threads:
            thread.start()
        fill(folder, CHINESE)
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while ("未戴口罩", "戴口罩") not in seen and time.monotonic() < deadline:
            time.sleep(0.05)
        (folder / "infer_cfg.yml").write_text("no: model")
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert ask(url) == ["未戴口罩", "戴口罩"]
        end.set()
        for thread in threads:
            thread.join(30)
        assert failed == []
        assert set(seen) == {("face", "face_mask"), ("未戴口罩", "戴口罩")}
        assert process.poll() is None
