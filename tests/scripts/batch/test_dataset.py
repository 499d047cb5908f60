import tarfile

import pyarrow as pa
import pytest
from conftest import IMAGES

from scripts.batch.dataset import answers_of, check_target, save_labels
from scripts.batch.detect import SCHEMA
from scripts.batch.inputs import list_inputs
from scripts.batch.results import OutputError, rewrite

FACE = {"label": "face", "class_id": 0, "score": 0.9, "box": [1.1, 2, 30, 40]}


def rows_of(inputs, folder, form):
    rows = [{"path": item.path, "width": 512, "height": 512, "detections": [FACE]} for item in inputs]
    rows.append({"path": "broken.jpg", "error": "broken", "error_kind": "UndecodableImage"})
    folder.mkdir()
    name = {"parquet": f"x_{32 * '0'}_000001.parquet", "json": f"x_{32 * '0'}_000001.json"}[form]
    rewrite(folder / name, form, pa.Table.from_pylist(rows, SCHEMA))
    return answers_of(folder, form)


@pytest.mark.parametrize("form", ["parquet", "json"])
@pytest.mark.parametrize("kind", ["folder", "x.tar", "x.tar.gz"])
def test_a_data_set_of_every_kind_of_source(tmp_path, kind, form):
    source = tmp_path / kind
    if kind == "folder":
        source.symlink_to(IMAGES)
    else:
        with tarfile.open(source, f"w:{kind[6:]}") as tar:
            for name in ("test_face.jpg", "test_mask.jpg"):
                tar.add(IMAGES / name, name)
    inputs = [item for item in list_inputs(str(source)) if "test_face" in item.path or "test_mask" in item.path]
    rows = rows_of(inputs, tmp_path / "rows", form)
    assert save_labels(tmp_path / "set", "voc", ["face"], rows, inputs, 10**6) == 2
    assert (tmp_path / "set/JPEGImages/test_face.jpg").read_bytes() == (IMAGES / "test_face.jpg").read_bytes()
    assert "<xmin>1.1</xmin>" in (tmp_path / "set/Annotations/test_mask.xml").read_text()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_photo_that_is_gone_leaves_nothing_half_done(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes((IMAGES / "test_face.jpg").read_bytes())
    inputs = list_inputs(str(photos))
    rows = rows_of(inputs, tmp_path / "rows", "parquet")
    (photos / "a.jpg").unlink()
    with pytest.raises(OutputError, match="cannot be read any more"):
        save_labels(tmp_path / "set", "voc", ["face"], rows, inputs, 10**6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "rows"]


def test_a_folder_in_use_is_refused_before_the_photos_are_looked_at(tmp_path):
    check_target(tmp_path / "new", str(IMAGES), tmp_path / "rows")
    (tmp_path / "mine.txt").write_text("x")
    for folder in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(OutputError, match="is not an empty folder|lie in each other"):
            check_target(folder, str(IMAGES), tmp_path / "rows")
    with pytest.raises(OutputError, match="whose photos are read"):
        check_target(tmp_path / "below" / "new", str(tmp_path), tmp_path / "rows")


def test_what_lies_beside_the_data_set_is_left_alone(tmp_path):
    (tmp_path / ".set.partial").mkdir()
    (tmp_path / ".set.partial" / "mine.txt").write_text("x")
    assert save_labels(tmp_path / "set", "voc", ["face"], {}, [], 10**6) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".set.partial", "set"]
    assert (tmp_path / ".set.partial" / "mine.txt").exists()
