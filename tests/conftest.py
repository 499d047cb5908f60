import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browsing
import cv2
import numpy as np
import pytest
import servers
import yaml
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import sync_playwright

from app import create_app
from backend import PicoDetector
from backend.settings import ROOT, Settings

IMAGES = ROOT / "images"
PHOTOS = sorted(IMAGES.glob("*.jpg"))
CORES = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what drives a browser last: whatever is wrong elsewhere is known sooner."""
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def detector() -> PicoDetector:
    """The detector with the model of this repository."""
    return PicoDetector()


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(max_body_bytes=2**20, max_image_pixels=4_000_000, max_concurrency=CORES, max_queue=2)


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings, PicoDetector(max_pixels=settings.max_image_pixels))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def group_photo() -> bytes:
    return (IMAGES / "test_group.jpg").read_bytes()


@pytest.fixture
def infer_cfg() -> dict[str, Any]:
    """The content of the model's infer_cfg.yml, free to change, with one input size only."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "models" / "infer_cfg.yml").read_text())
    return content | {"input_sizes": None}


@pytest.fixture
def model_dir(tmp_path: Path, infer_cfg: dict[str, Any]) -> Callable[..., Path]:
    """Make a model folder of an ONNX file and changes to infer_cfg.yml."""

    def make(onnx: bytes | None, **changes: Any) -> Path:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        (folder / "infer_cfg.yml").write_text(yaml.safe_dump(infer_cfg | changes))
        if onnx is not None:
            (folder / "tiny.onnx").write_bytes(onnx)
        return folder

    return make


def encode(extension: str, image: np.ndarray, *options: int) -> bytes:
    """Encode an array as .jpg, .png, .webp or .bmp."""
    return bytes(cv2.imencode(extension, image, list(options))[1])


@pytest.fixture(scope="session")
def noise() -> np.ndarray:
    """A picture (60, 80, 3) of random pixels."""
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


@pytest.fixture
def expected_detections() -> Iterator[dict[str, Any]]:
    yield json.loads((Path(__file__).parent / "expected_detections.json").read_text())


@pytest.fixture(scope="session")
def addresses() -> Iterator[tuple[str, str]]:
    """The URLs of a running API and page."""
    with servers.api_and_page() as (api, page):
        yield api, page


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """Playwright, of which there can be one at a time."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    """Chromium."""
    browser = browsing.launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Any, addresses: tuple[str, str]) -> Iterator[Any]:
    """The page, opened in English at desktop size."""
    with browsing.opened(browser, addresses) as tab:
        yield tab
