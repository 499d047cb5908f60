import re

import pytest

from backend.settings import ROOT
from scripts.serve_page import create_page_app


@pytest.fixture
def page():
    return create_page_app().test_client()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/?api=http://localhost:5001", "text/html"),
        ("/css/style.css", "text/css"),
        ("/js/main.js", "text/javascript"),
        ("/js/vendor/jquery.min.js", "text/javascript"),
        ("/images/test_mask.jpg", "image/jpeg"),
        ("/images/icon.svg", "image/svg+xml"),
    ],
)
def test_the_pages_files(page, path, kind):
    with page.get(path) as answer:
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert answer.data


@pytest.mark.parametrize(
    "path",
    [
        "/app.py",
        "/README.md",
        "/.git/HEAD",
        "/.gitignore",
        "/backend/settings.py",
        "/models/infer_cfg.yml",
        "/images/",
        "/images",
        "/js/",
        "/css/..",
        "/images/README.md",
        "/css/../app.py",
        "/css/..%2fapp.py",
        "/css/%2e%2e/app.py",
        "/css/%2e%2e%2fapp.py",
        "/css/..%5capp.py",
        "/js/vendor/",
        "/js/vendor/../../app.py",
        "//etc/passwd",
        "/images//etc/passwd",
        "/images/%2fetc%2fpasswd",
        "/images/test_mask.jpg%00.css",
        "/images/style.css",
        "/js/" + "a" * 5000 + ".js",
    ],
)
def test_nothing_else(page, path):
    with page.get(path) as answer:
        assert answer.status_code in (308, 404)
        if answer.status_code == 308:  # doubled slashes are merged; what they lead to is not found either
            with page.get(answer.headers["Location"]) as second:
                assert second.status_code == 404


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    for folder in ("css", "js", "images"):
        (tmp_path / folder).mkdir()
    (tmp_path / "secret.css").write_text("secret")
    (tmp_path / "css" / "style.css").symlink_to(tmp_path / "secret.css")
    assert create_page_app(tmp_path).test_client().get("/css/style.css").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_reading_only(page, method):
    assert getattr(page, method)("/index.html").status_code == 405


def test_unchanged_files_are_not_sent_again(page):
    with page.get("/css/style.css") as first:
        tag = first.headers["ETag"]
    with page.get("/css/style.css", headers={"If-None-Match": tag}) as second:
        assert second.status_code == 304


def test_security_headers(page):
    with page.get("/") as answer:
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_fetches_nothing_from_elsewhere():
    sources = [ROOT / "index.html", *(ROOT / "js").glob("*.js"), *(ROOT / "css").glob("*.css")]
    for source in sources:
        assert not re.search(r"(src|href)=\"(https?:)?//|url\(\s*['\"]?https?:|import .*https?:", source.read_text())


def test_every_sample_on_the_page_exists():
    names = re.findall(r'data-sample="([^"]+)"', (ROOT / "index.html").read_text())
    assert names
    assert all((ROOT / name).is_file() for name in names)


def test_the_page_knows_the_apis_port():
    with create_page_app(api_port=5202).test_client().get("/") as answer:
        assert b'name="api-port" content="5202"' in answer.data
        tag = answer.headers["ETag"]
    with create_page_app(api_port=5202).test_client().get("/", headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304
