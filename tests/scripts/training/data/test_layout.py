"""What CVAT and labelImg save comes back in; the XML here has their forms (CVAT's exporter, labelImg 1.8.6)."""

import re
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.training.data import split_dataset

CVAT = """<annotation>
  <folder></folder>
  <filename>{name}.jpg</filename>
  <source><database>Unknown</database><annotation>Unknown</annotation><image>Unknown</image></source>
  <size><width>40</width><height>30</height><depth></depth></size>
  <segmented>0</segmented>
  <object>
    <name>face_mask</name>
    <truncated>0</truncated>
    <occluded>0</occluded>
    <difficult>0</difficult>
    <bndbox><xmin>5.1400146484375</xmin><ymin>5.0</ymin><xmax>40.0</xmax><ymax>25.82</ymax></bndbox>
    <attributes><attribute><name>rotation</name><value>0.0</value></attribute></attributes>
  </object>
</annotation>
"""
LABELIMG = """<annotation>
	<folder>photos</folder>
	<filename>{name}.jpg</filename>
	<path>/home/me/photos/{name}.jpg</path>
	<source>
		<database>Unknown</database>
	</source>
	<size>
		<width>40</width>
		<height>30</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>face</name>
		<pose>Unspecified</pose>
		<truncated>1</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>1</xmin>
			<ymin>1</ymin>
			<xmax>40</xmax>
			<ymax>30</ymax>
		</bndbox>
	</object>
</annotation>
"""
JPEG = bytes(cv2.imencode(".jpg", np.zeros((30, 40, 3), np.uint8))[1])


def split(dataset, tmp_path, capsys):
    status = split_dataset.main([str(dataset), "--output", str(tmp_path / "lists")])
    out, err = capsys.readouterr()
    return status, out, err, read(tmp_path, "label_list.txt")


def read(tmp_path, name):
    path = tmp_path / "lists" / name
    return path.read_text().splitlines() if path.is_file() else []


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("below", ["", "camera_1/"])
def test_a_zip_of_cvat(tmp_path, capsys, below):
    names = ["a", "b", "empty"]
    files = {f"JPEGImages/{below}{name}.jpg": JPEG for name in names}
    files |= {f"Annotations/{below}{name}.xml": CVAT.format(name=name) for name in names[:2]}
    files["ImageSets/Main/default.txt"] = "".join(f"{below}{name}\n" for name in names)
    files["labelmap.txt"] = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nface:1,2,3::\nface_mask:4,5,6::\n"
    with zipfile.ZipFile(tmp_path / "cvat.zip", "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    status, out, _, labels = split(tmp_path / "cvat.zip", tmp_path, capsys)
    assert (status, labels) == (0, ["face", "face_mask"])
    assert "2 for training, 1 for validation" in out
    assert "left out" not in out


def test_a_photo_without_annotation_that_no_list_names_is_told(tmp_path, capsys):
    files = {"d/JPEGImages/a.jpg": JPEG, "d/JPEGImages/b.jpg": JPEG, "d/Annotations/a.xml": CVAT.format(name="a")}
    write(tmp_path, files | {"d/label_list.txt": "face_mask"})
    assert "JPEGImages/b.jpg: there is no annotation of this name" in split(tmp_path / "d", tmp_path, capsys)[1]


def test_a_folder_of_labelimg_with_its_files_beside_the_photos(tmp_path, capsys):
    names = ["a", "b", "c"]
    write(tmp_path, {f"photos/{name}.jpg": JPEG for name in names})
    write(tmp_path, {f"photos/{name}.xml": LABELIMG.format(name=name) for name in names})
    status, out, _, labels = split(tmp_path / "photos", tmp_path, capsys)
    assert (status, labels) == (0, ["face"])
    assert read(tmp_path, "val.txt") == ["a.jpg a.xml"]
    assert "left out" not in out


def test_labelimgs_files_among_the_photos_come_before_the_older_ones(tmp_path, capsys):
    write(tmp_path, {"d/JPEGImages/a.jpg": JPEG, "d/Annotations/a.xml": CVAT.format(name="a")})
    write(tmp_path, {"d/JPEGImages/a.xml": LABELIMG.format(name="a"), "d/label_list.txt": "face\nface_mask\n"})
    status, out, _, _ = split(tmp_path / "d", tmp_path, capsys)
    assert status == 0
    assert read(tmp_path, "val.txt") == ["JPEGImages/a.jpg JPEGImages/a.xml"]
    assert "left out" not in out


def test_another_zip_of_the_same_name_leaves_nothing_of_the_first(tmp_path, capsys):
    for names in (["a", "b", "c"], ["d"]):
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as zipped:
            zipped.writestr("label_list.txt", "face_mask\n")
            for name in names:
                zipped.writestr(f"JPEGImages/{name}.jpg", JPEG)
                zipped.writestr(f"Annotations/{name}.xml", CVAT.format(name=name))
        assert split(tmp_path / "set.zip", tmp_path, capsys)[0] == 0
    assert read(tmp_path, "val.txt") == ["JPEGImages/d.jpg Annotations/d.xml"]


def test_a_webp_that_exif_turns_is_told(tmp_path, capsys):
    turned = (Path(__file__).parents[3] / "cases" / "exif6_240x300.webp").read_bytes()
    xml = re.sub("<height>30<", "<height>300<", re.sub("<width>40<", "<width>240<", CVAT.format(name="a")))
    write(tmp_path, {"d/JPEGImages/a.webp": turned, "d/Annotations/a.xml": xml, "d/label_list.txt": "face_mask"})
    status, _, err, _ = split(tmp_path / "d", tmp_path, capsys)
    assert (status, "EXIF turns the image" in err) == (1, True)
