import re
import zipfile

import cv2
import numpy as np
import pytest

from backend.settings import ROOT
from scripts.training.data import split_dataset, unpacking

SHARED = ROOT.parent / "shared" / "face_mask"
GOOD_BOX = "<xmin>5</xmin><ymin>5</ymin><xmax>30</xmax><ymax>25</ymax>"


def annotation(width=40, height=30, name="face", box=GOOD_BOX):
    return (
        f"<annotation><size><width>{width}</width><height>{height}</height></size>"
        f"<object><name>{name}</name><bndbox>{box}</bndbox></object></annotation>"
    )


@pytest.fixture
def dataset(tmp_path):
    """Ten good photos of 40 x 30 pixels, p0.jpg to p9.jpg."""
    root = tmp_path / "dataset"
    for folder in ("JPEGImages", "Annotations"):
        (root / folder).mkdir(parents=True)
    (root / "label_list.txt").write_text("face\nface_mask\n")
    for number in range(10):
        cv2.imwrite(str(root / "JPEGImages" / f"p{number}.jpg"), np.zeros((30, 40, 3), np.uint8))
        (root / "Annotations" / f"p{number}.xml").write_text(annotation())
    return root


@pytest.fixture
def run(tmp_path, capsys):
    def call(dataset):
        status = split_dataset.main([str(dataset), "--output", str(tmp_path / "lists")])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def read(tmp_path, name):
    return (tmp_path / "lists" / name).read_text().splitlines()


def test_every_fifth_from_the_first_validates(run, dataset, tmp_path):
    status, out, _ = run(dataset)
    assert status == 0
    assert read(tmp_path, "val.txt") == [f"JPEGImages/p{n}.jpg Annotations/p{n}.xml" for n in (0, 5)]
    assert read(tmp_path, "train.txt") == [
        f"JPEGImages/p{n}.jpg Annotations/p{n}.xml" for n in (1, 2, 3, 4, 6, 7, 8, 9)
    ]
    assert "8 for training, 2 for validation" in out


def test_a_photo_without_faces_is_a_good_photo(run, dataset, tmp_path):
    (dataset / "Annotations" / "p1.xml").write_text(re.sub("<object>.*</object>", "", annotation()))
    assert run(dataset)[0] == 0
    assert len(read(tmp_path, "train.txt")) == 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<annotation>", "does not parse"),
        ("", "does not parse"),
        ('<?xml version="1.0" encoding="foo"?><annotation/>', "does not parse"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', "declares an entity"),
        ("<annotation></annotation>", "size has no width"),
        (annotation(width="wide"), "size has no width"),
        (annotation(width="inf"), "size has no width"),
        (annotation(width=41), "size is 41 x 30, the image is 40 x 30"),
        (annotation(name="helmet"), "the class 'helmet' is not in label_list.txt"),
        (annotation(name=""), "the class '' is not"),
        (annotation(box=""), "the box has no xmin"),
        (annotation(box=GOOD_BOX.replace(">30<", ">5<")), "the box 5 5 5 25 is empty"),
        (annotation(box=GOOD_BOX.replace(">30<", ">2<")), "is empty"),
        (annotation(box=GOOD_BOX.replace(">30<", ">nan<")), "is empty"),
        (annotation(box=GOOD_BOX.replace(">30<", ">41<")), "the box 5 5 41 25 is outside the image of 40 x 30"),
        (annotation(box=GOOD_BOX.replace("<xmin>5<", "<xmin>-1<")), "is outside"),
    ],
)
def test_a_bad_annotation_is_named_counted_and_left_out(run, dataset, tmp_path, content, said):
    (dataset / "Annotations" / "p3.xml").write_text(content)
    status, out, _ = run(dataset)
    assert status == 0
    (line,) = [line for line in out.splitlines() if line.startswith("Annotations/p3.xml: ")]
    assert said in line
    assert "1 left out" in out
    assert "p3" not in " ".join(read(tmp_path, "train.txt") + read(tmp_path, "val.txt"))


def test_pairs_that_are_none(run, dataset):
    (dataset / "Annotations" / "p1.xml").unlink()
    (dataset / "JPEGImages" / "p2.jpg").unlink()
    cv2.imwrite(str(dataset / "JPEGImages" / "p4.png"), np.zeros((30, 40, 3), np.uint8))
    cv2.imwrite(str(dataset / "JPEGImages" / "a b.jpg"), np.zeros((30, 40, 3), np.uint8))
    (dataset / "Annotations" / "a b.xml").write_text(annotation())
    (dataset / "JPEGImages" / "p5.jpg").write_bytes(b"")
    (dataset / "JPEGImages" / "p6.jpg").write_bytes((dataset / "JPEGImages" / "p7.jpg").read_bytes()[:300])
    (dataset / "JPEGImages" / "p8.tiff").write_bytes(b"")
    out = run(dataset)[1]
    assert "JPEGImages/p1.jpg: there is no annotation" in out
    assert "Annotations/p2.xml: there is no image" in out
    assert "JPEGImages/p4.jpg: 2 images share one annotation" in out
    assert "Annotations/a b.xml: its name has a blank" in out
    assert "Annotations/p5.xml: the image cannot be decoded" in out
    assert "Annotations/p6.xml: the image cannot be decoded" in out
    assert "JPEGImages/p8.tiff: its name ends in none of" in out
    assert "8 left out" in out


def test_an_output_folder_that_cannot_be_made(dataset, capsys):
    assert split_dataset.main([str(dataset), "--output", "/proc/none"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_read_only_dataset(run, dataset, tmp_path):
    before = sorted(dataset.rglob("*"))
    run(dataset)
    assert sorted(dataset.rglob("*")) == before


def zip_of(dataset, target, prefix=""):
    with zipfile.ZipFile(target, "w") as zipped:
        for path in sorted(dataset.rglob("*")):
            zipped.write(path, prefix + str(path.relative_to(dataset)))
    return target


@pytest.mark.parametrize("prefix", ["", "face_mask/"])
def test_a_zip_is_unpacked_first(run, dataset, tmp_path, prefix):
    status, out, _ = run(zip_of(dataset, tmp_path / "data.zip", prefix))
    assert status == 0
    assert "8 for training, 2 for validation" in out


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt"])
def test_a_zip_whose_paths_leave_the_folder_is_refused(run, dataset, tmp_path, name):
    archive = zip_of(dataset, tmp_path / "data.zip")
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr(name, "evil")
    status, _, err = run(archive)
    assert status == 1
    assert "would leave the folder" in err
    assert not (tmp_path / "lists").exists()
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_zip_that_would_fill_the_disk_is_refused(run, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED_BYTES", 10)
    status, _, err = run(zip_of(dataset, tmp_path / "data.zip"))
    assert (status, "is refused" in err) == (1, True)


def test_what_cannot_be_split_at_all(run, dataset, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no zip")
    assert "is no zip" in run(text)[2]
    assert "is no folder and no zip" in run(tmp_path / "missing")[2]
    assert "should hold the folders JPEGImages and Annotations" in run(dataset / "JPEGImages")[2]
    (dataset / "label_list.txt").write_text("\n")
    assert "label_list.txt is empty" in run(dataset)[2]
    (dataset / "label_list.txt").unlink()
    assert "label_list.txt is missing" in run(dataset)[2]


def test_nothing_usable(run, dataset, tmp_path):
    (dataset / "label_list.txt").write_text("other\n")
    status, _, err = run(dataset)
    assert (status, "no usable pair" in err) == (1, True)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the project's own dataset lies beside its checkout, not in it")
def test_the_projects_own_dataset(run):
    assert "3770 for training, 943 for validation" in run(SHARED)[1]


def test_a_zip_that_was_made_on_windows(dataset, run, tmp_path):
    archive = tmp_path / "windows.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in sorted(dataset.rglob("*")):
            if path.is_file():
                zipped.write(path, path.relative_to(dataset.parent).as_posix())
    content = archive.read_bytes()
    for folder in ("JPEGImages", "Annotations"):
        content = content.replace(f"/{folder}/".encode(), f"\\{folder}\\".encode())
    archive.write_bytes(content.replace(f"{dataset.name}/label_list".encode(), f"{dataset.name}\\label_list".encode()))
    status, out, _ = run(archive)
    assert status == 0
    assert "for training" in out


def test_every_reason_is_told_where_nothing_is_left(dataset, run):
    for path in (dataset / "Annotations").iterdir():
        path.write_text(path.read_text().replace("<width>", "<width>9"))
    status, _, err = run(dataset)
    assert status == 1
    assert err.count("the image is") == len(list((dataset / "Annotations").iterdir()))
    assert "holds no usable pair" in err


def test_the_clean_list_of_classes_stands_beside_the_lists(dataset, run, tmp_path):
    (dataset / "label_list.txt").write_bytes(b"\xef\xbb\xbfface\r\nface_mask\r\n\r\n")
    assert run(dataset)[0] == 0
    assert next(tmp_path.rglob("lists/label_list.txt")).read_bytes() == b"face\nface_mask\n"
