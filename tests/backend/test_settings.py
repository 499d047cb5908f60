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
        ("CORS_ORIGINS", "http://My-Machine:80", ("http://my-machine",)),
        ("ALLOWED_HOSTS", "My-Machine, *, ::1, m\u00fcnchen.de", ("my-machine", "*", "[::1]", "xn--mnchen-3ya.de")),
        ("HOST", " [::1] ", "::1"),
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
        ("HOST", "\u200b", "an address of this machine"),
        ("HOST", "\xff" * 70, "an address of this machine"),
        ("HOST", "127.0.0.1:5000", "an address of this machine"),
        ("ALLOWED_HOSTS", "my-machine:5000", "without ports"),
        ("ALLOWED_HOSTS", ",", "a comma-separated list of host names"),
        ("ALLOWED_HOSTS", ":::", "a comma-separated list of host names"),
        ("CORS_ORIGINS", " , ", "a comma-separated list of origins"),
        ("CORS_ORIGINS", "http://a:99999", "origins such as http://localhost:8000"),
        ("API_KEY", "a" * 70_000, "up to 1000 printable characters"),
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


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(host="::1"), "http://[::1]:8000"),
        (Settings(host="0"), "http://0.0.0.0:8000"),
        (Settings(host="0:0:0:0:0:0:0:0"), "http://[::]:8000"),
        (Settings(web_port=80), "http://localhost"),
        (Settings(allowed_hosts=("my-machine",)), "http://my-machine:8000"),
    ],
)
def test_the_pages_own_origin_is_spelled_as_browsers_do(settings, expected):
    assert expected in settings.allowed_origins


def test_a_long_value_is_not_repeated_whole():
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"HOST": "/" * 100_000})
    assert len(str(error.value)) < 300


def test_configured_origins_replace_the_default():
    assert Settings(cors_origins=("https://a.example",)).allowed_origins == ("https://a.example",)


def test_no_other_file_reads_the_environment():
    sources = [ROOT / "app.py", *(ROOT / "backend").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
    readers = [path.name for path in sources if re.search(r"os\.(environ\b(?!\[)|getenv)", path.read_text())]
    assert sorted(readers) == ["paddle_setup.py", "settings.py"]  # the first sets what Paddle reads


@pytest.mark.parametrize("name", [field.name.upper() for field in fields(Settings)])
def test_every_setting_is_in_the_readme(name):
    assert f"| `{name}` |" in (ROOT / "README.md").read_text()
