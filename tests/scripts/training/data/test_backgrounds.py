import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import encode

from scripts.training.data import backgrounds


@pytest.fixture
def sources(tmp_path, noise):
    """A folder with pictures that can and cannot be used."""
    folder = tmp_path / "pictures"
    (folder / "cartoon").mkdir(parents=True)
    large = cv2.resize(noise, (1600, 900))
    transparent = np.dstack([cv2.resize(noise, (200, 150)), np.zeros((150, 200), np.uint8)])
    (folder / "large one.jpg").write_bytes(encode(".jpg", large))
    (folder / "clear.png").write_bytes(encode(".png", transparent))
    (folder / "small.png").write_bytes(encode(".png", noise))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "cartoon" / "duck.jpg").write_bytes(encode(".jpg", large))
    webp = encode(".webp", cv2.resize(noise, (200, 200)))
    (folder / "some.rcc").write_bytes(b"qres" + webp + b"RIFFxxxxWAVE" + webp + struct.pack("<I", 5))
    return folder


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "train.txt").write_text("JPEGImages/a.jpg Annotations/a.xml\n")
    return folder


def run(sources, lists, tmp_path, *more):
    return backgrounds.main([str(sources), "--lists", str(lists), "--output", str(tmp_path / "out"), *more])


def test_pictures_join_the_training_list_once(sources, lists, tmp_path):
    for _ in range(2):
        assert run(sources, lists, tmp_path, "--exclude", "cartoon") == 0
    train = (lists / "train.txt").read_text().splitlines()
    held_out = (lists / "backgrounds.txt").read_text().splitlines()
    assert train[0] == "JPEGImages/a.jpg Annotations/a.xml"
    assert (len(train), len(held_out)) == (1 + 3, 1)
    for line in [*train[1:], *held_out]:
        image, annotation = line.split()
        height, width = cv2.imread(image).shape[:2]
        assert max(height, width) <= 640
        content = Path(annotation).read_text()
        assert "<object>" not in content
        assert f"<width>{width}</width><height>{height}</height>" in content


def test_what_is_transparent_gets_one_colour(sources, lists, tmp_path):
    run(sources, lists, tmp_path)
    (clear,) = (tmp_path / "out").glob("*_clear.jpg")
    assert cv2.imread(str(clear)).std(axis=(0, 1)).max() < 1


def test_webp_pictures_are_found_inside_a_resource_file(sources):
    found = list(backgrounds.webp_pictures((sources / "some.rcc").read_bytes()))
    assert [start for start, _ in found] == [4, 4 + len(found[0][1]) + 12]
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize(
    ("missing", "said"), [("sources", "no such folder or file"), ("lists", "run split_dataset.py first")]
)
def test_what_is_missing_is_named(sources, lists, tmp_path, capsys, missing, said):
    given = {"sources": sources, "lists": lists} | {missing: tmp_path / "nowhere"}
    assert run(given["sources"], given["lists"], tmp_path) == 1
    assert said in capsys.readouterr().err


def test_sources_without_a_picture_change_nothing(lists, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (lists / "backgrounds.txt").write_text("as it was")
    assert run(tmp_path / "empty", lists, tmp_path) == 1
    assert "There is no picture" in capsys.readouterr().err
    assert (lists / "backgrounds.txt").read_text() == "as it was"


def test_an_output_with_a_blank_is_refused(sources, lists, tmp_path, capsys):
    assert backgrounds.main([str(sources), "--lists", str(lists), "--output", str(tmp_path / "a b")]) == 1
    assert "split at blanks" in capsys.readouterr().err
