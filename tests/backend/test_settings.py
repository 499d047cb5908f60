import re
from dataclasses import fields
from pathlib import Path

import pytest

from backend.settings import ROOT, Settings, SettingsError


def test_nothing_set_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()


def test_an_empty_secret_does_not_open_the_door():
    with pytest.raises(SettingsError, match="API_KEY is set and empty; give it a value, or do not set it."):
        Settings.from_environment({"API_KEY": ""})


def test_a_secret_is_not_shown():
    assert "s3cret" not in repr(Settings(api_key="s3cret"))


def test_an_empty_variable_counts_as_not_set():
    assert Settings.from_environment({"API_PORT": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("API_PORT", "8080", 8080),
        ("HOST", "0.0.0.0", "0.0.0.0"),
        ("MODEL_DIR", "/tmp/other", Path("/tmp/other")),
        ("CORS_ORIGINS", "https://a.example/, http://b.example:81", ("https://a.example", "http://b.example:81")),
        ("MAX_QUEUE", "0", 0),
    ],
)
def test_a_variable_is_read(name, value, expected):
    assert getattr(Settings.from_environment({name: value}), name.lower()) == expected


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("API_PORT", "http", "a whole number from 1 to 65535"),
        ("API_PORT", "1" * 5000, "a whole number from 1 to 65535"),
        ("API_PORT", "0", "a whole number from 1 to 65535"),
        ("API_PORT", "-1", "a whole number from 1 to 65535"),
        ("API_PORT", "65536", "a whole number from 1 to 65535"),
        ("API_PORT", "5_000", "a whole number from 1 to 65535"),
        ("API_PORT", "\u0665\u0660\u0660\u0660", "a whole number from 1 to 65535"),
        ("MAX_CONCURRENCY", "0", "a whole number from 1 to 256"),
        ("MAX_BODY_BYTES", "16MiB", "a whole number"),
        ("HOST", "  ", "not blank"),
        ("CORS_ORIGINS", "localhost:8000", "origins such as http://localhost:8000"),
        ("CORS_ORIGINS", "http://*.example.com", "origins such as http://localhost:8000"),
        ("CORS_ORIGINS", "http://a.example/path", "origins such as http://localhost:8000"),
    ],
)
def test_a_wrong_value_is_named(name, value, hint):
    with pytest.raises(SettingsError, match=re.escape(name)) as error:
        Settings.from_environment({name: value})
    assert hint in str(error.value)


def test_the_page_on_this_machine_may_call_the_api():
    assert Settings(web_port=8123).allowed_origins == (
        "http://localhost:8123",
        "http://127.0.0.1:8123",
        "http://[::1]:8123",
    )


def test_an_ipv6_host_stands_in_brackets():
    assert "http://[::1]:8000" in Settings(host="::1").allowed_origins


def test_configured_origins_replace_the_default():
    assert Settings(cors_origins=("https://a.example",)).allowed_origins == ("https://a.example",)


def test_no_other_file_reads_the_environment():
    sources = [ROOT / "app.py", *(ROOT / "backend").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
    readers = [path.name for path in sources if re.search(r"os\.(environ\b(?!\[)|getenv)", path.read_text())]
    assert sorted(readers) == ["paddle_setup.py", "settings.py"]  # the first sets what Paddle reads


@pytest.mark.parametrize("name", [field.name.upper() for field in fields(Settings)])
def test_every_setting_is_in_the_readme(name):
    assert f"| `{name}` |" in (ROOT / "README.md").read_text()
