import json
from xml.etree import ElementTree

import pytest
import yaml
from conftest import IMAGES

from backend.datasets.folder import FORMATS, open_dataset

LABELS = ["face", "face_mask"]
PHOTO = (IMAGES / "test_mask.jpg").read_bytes()
FACE = {"label": "face_mask", "class_id": 1, "score": 0.9, "box": [10.5, 20.0, 110.25, 220.0]}
ANSWER = {"image": {"width": 720, "height": 900}, "results": [FACE]}
EMPTY = {"image": {"width": 720, "height": 900}, "results": []}


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def saved(folder, form, *photos):
    with open_dataset(folder, form, LABELS) as dataset:
        for name, answer in photos:
            dataset.add(name, PHOTO, answer)
    return folder


def test_voc(tmp_path):
    folder = saved(tmp_path / "set", "voc", ("a.jpg", ANSWER), ("none.jpg", EMPTY))
    assert files(folder) == {
        "JPEGImages/a.jpg", "JPEGImages/none.jpg", "Annotations/a.xml", "Annotations/none.xml",
        "label_list.txt", "labelmap.txt", "ImageSets/Main/default.txt",
    }  # fmt: skip
    root = ElementTree.parse(folder / "Annotations" / "a.xml").getroot()
    assert [root.findtext(f"size/{side}") for side in ("width", "height", "depth")] == ["720", "900", "3"]
    assert [root.findtext(f"object/bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")] == [
        "10.5", "20.0", "110.25", "220.0",
    ]  # fmt: skip
    assert root.findtext("object/name") == "face_mask"
    assert ElementTree.parse(folder / "Annotations" / "none.xml").findall("object") == []
    assert (folder / "label_list.txt").read_text() == "face\nface_mask\n"
    assert (folder / "ImageSets" / "Main" / "default.txt").read_text() == "a\nnone\n"


def test_yolo(tmp_path):
    folder = saved(tmp_path / "set", "yolo", ("a.jpg", ANSWER), ("none.jpg", EMPTY))
    number, *shares = (folder / "labels" / "a.txt").read_text().split()
    assert number == "1"
    assert [float(share) for share in shares] == pytest.approx(
        [60.375 / 720, 120 / 900, 99.75 / 720, 200 / 900], abs=1e-6
    )
    assert (folder / "labels" / "none.txt").read_text() == ""
    assert yaml.safe_load((folder / "data.yaml").read_text())["names"] == dict(enumerate(LABELS))
    assert (folder / "train.txt").read_text() == "images/a.jpg\nimages/none.jpg\n"
    assert (folder / "classes.txt").read_text() == "face\nface_mask\n"


def test_coco(tmp_path):
    folder = saved(tmp_path / "set", "coco", ("a.jpg", EMPTY), ("b.jpg", ANSWER))
    content = json.loads((folder / "annotations" / "instances_default.json").read_text())
    assert [image["file_name"] for image in content["images"]] == ["a.jpg", "b.jpg"]
    assert content["categories"] == [{"id": 1, "name": "face"}, {"id": 2, "name": "face_mask"}]
    (box,) = content["annotations"]
    assert (box["image_id"], box["category_id"], box["bbox"], box["iscrowd"]) == (2, 2, [10.5, 20.0, 99.75, 200.0], 0)


@pytest.mark.parametrize("form", FORMATS)
def test_photos_are_unchanged_and_no_photo_at_all_is_a_data_set(tmp_path, form):
    folder = saved(tmp_path / "set", form, ("a.jpg", ANSWER))
    assert next(folder.rglob("a.jpg")).read_bytes() == PHOTO
    assert files(saved(tmp_path / "empty", form))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["my photo.jpg"], ["my_photo.jpg"]),
        (["a/x.jpg", "b/x.jpg", "X.png"], ["x.jpg", "x_2.jpg", "X_3.jpg"]),
        (["c:\\photos\\y.JPEG", ".jpg", "..", ""], ["y.jpg", "jpg.jpg", "photo.jpg", "photo_2.jpg"]),
        (["照片 1.jpg", "\udcff\n\t.jpg", "-rf.jpg"], ["照片_1.jpg", "photo.jpg", "rf.jpg"]),
        (["é" * 300 + ".jpg"], ["é" * 100 + ".jpg"]),
        (["照" * 82 + ".jpg"], ["照" * 66 + ".jpg"]),
        (["\U0001f600" * 82 + ".jpg"], ["\U0001f600" * 50 + ".jpg"]),
        (["a\uffffb.jpg"], ["a_b.jpg"]),
    ],
)
def test_names_are_such_that_every_reader_takes_them(tmp_path, names, expected):
    folder = saved(tmp_path / "set", "voc", *((name, ANSWER) for name in names))
    assert sorted(path.name for path in (folder / "JPEGImages").iterdir()) == sorted(expected)


def test_what_was_added_before_an_interruption_is_a_whole_data_set(tmp_path):
    with pytest.raises(KeyboardInterrupt), open_dataset(tmp_path / "set", "voc", LABELS) as dataset:
        dataset.add("a.jpg", PHOTO, ANSWER)
        raise KeyboardInterrupt
    assert (tmp_path / "set" / "ImageSets" / "Main" / "default.txt").read_text() == "a\n"


def test_a_photo_whose_labels_cannot_be_written_leaves_nothing(tmp_path):
    with open_dataset(tmp_path / "set", "voc", LABELS) as dataset:
        (tmp_path / "set" / "Annotations").write_text("in the way")
        with pytest.raises(OSError):
            dataset.add("a.jpg", PHOTO, ANSWER)
        assert list((tmp_path / "set" / "JPEGImages").iterdir()) == []


def test_a_folder_in_use_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ValueError, match="is not empty; name a new folder"), open_dataset(tmp_path, "voc", LABELS):
        pass
    assert files(tmp_path) == {"mine.txt"}
    with (
        pytest.raises(ValueError, match="cannot be used as a folder"),
        open_dataset(tmp_path / "mine.txt", "voc", LABELS),
    ):
        pass


def test_labels_that_xml_and_yaml_would_read_otherwise(tmp_path):
    labels = ["a <b> & 'c'", "no: yes # 1", "口罩"]
    faces = [{**FACE, "label": label, "class_id": number} for number, label in enumerate(labels)]
    for form in FORMATS:
        with open_dataset(tmp_path / form, form, labels) as dataset:
            dataset.add("a.jpg", PHOTO, {**ANSWER, "results": faces})
    root = ElementTree.parse(tmp_path / "voc" / "Annotations" / "a.xml")
    assert [entry.text for entry in root.iterfind("object/name")] == labels
    assert yaml.safe_load((tmp_path / "yolo" / "data.yaml").read_text())["names"] == dict(enumerate(labels))
