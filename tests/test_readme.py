import json
import re
import sys
from dataclasses import fields

import pytest
import servers

from app import create_app
from backend.settings import ROOT, Settings
from backend.web.problems import PROBLEMS

ROOMS = ("backend", "images", "js", "models", "scripts", "tests")
FOUND = [*ROOT.glob("*.md"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.md"))]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(FOUND)}
README, CHINESE, API = (PAGES[path] for path in ("README.md", "README.zh-CN.md", "backend/web/README.md"))


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def api():
    with servers.api() as (url, _):
        yield url


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_python_example(text, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (example,) = blocks(text, "python")
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines) == ["face", "face", "face_mask", "face_mask"]


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_shell_example(text):
    (example,) = [block for block in blocks(text, "sh") if "paddle_inference.py" in block]
    done = servers.shell(example.replace(".venv/bin/python", sys.executable))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("example", [block for block in blocks(README + CHINESE + API, "sh") if "curl" in block])
def test_the_curl_examples(api, example):
    done = servers.shell(example.replace("http://localhost:5000", api))
    labels = [result["label"] for result in json.loads(done.stdout)["results"]]
    assert labels.count("face_mask") == (2 if "test_group" in example else 1)


def test_the_answer_shown_has_the_form_of_a_real_one(detector):
    (shown,) = blocks(API, "json")
    shown, real = json.loads(shown), detector.predict(ROOT / "images" / "test_mask.jpg")
    assert list(shown) == list(real)
    for part in ("image", "timing_ms", "model"):
        assert list(shown[part]) == list(real[part])
    assert list(shown["results"][0]) == list(real["results"][0])
    assert shown["image"] == real["image"]
    assert shown["model"] == real["model"]


def test_the_two_commands():
    first, second = blocks(README, "sh")[:2]
    assert (first, second) == ("sh test.sh\n", "sh scripts/check.sh\n")
    assert (first, second) == tuple(blocks(CHINESE, "sh")[:2])


def test_the_error_table_names_every_code():
    codes = set(re.findall(r"`([a-z_0-9]+)`", API.split("| status | `code` |")[1].split("\n\n")[0]))
    assert codes == set(PROBLEMS)


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_settings_table_has_the_real_defaults(text):
    named = re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)
    assert named == [field.name.upper() for field in fields(Settings)]
    for name, default in re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", text, re.MULTILINE):
        value = getattr(Settings(), name.lower())
        shown = value.relative_to(ROOT) if name == "MODEL_DIR" else value
        shown = ",".join(shown) if isinstance(shown, tuple) else shown
        assert str(shown) == default, name


def test_every_route_of_the_contract_is_described():
    routes = {rule.rule.partition("<")[0] for rule in create_app().url_map.iter_rules()}
    assert all(route.rstrip("/") in API for route in routes)


@pytest.mark.parametrize("path", PAGES)
def test_every_local_link_leads_somewhere(path):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", PAGES[path]):
        assert ((ROOT / path).parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES)
def test_every_script_that_is_named_exists(path):
    for named in re.findall(r"(?:scripts|backend|tests)/[\w/]+\.(?:py|sh|yml|txt)", PAGES[path]):
        assert (ROOT / named).is_file(), named


def test_the_front_page_is_short():
    assert len(README.splitlines()) <= 130


def test_every_room_says_what_it_is_for():
    rooms = [path.parent for top in ("backend", "scripts") for path in (ROOT / top).rglob("*.py")]
    for room in set(rooms):
        assert (room / "__init__.py").read_text().startswith('"""'), room


def test_every_module_of_the_page_says_what_it_is_for_and_is_short():
    for path in (ROOT / "js").glob("*.js"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("// "), path.name
        assert len(lines) <= 200, path.name
        assert f"`{path.name}`" in PAGES["js/README.md"], path.name
