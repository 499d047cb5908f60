import pytest

from scripts.training.data import three_states
from scripts.training.data.label_list import read_labels
from scripts.training.data.voc import read_truth

OBJECT = (
    "<object><name>{}</name><wear>{}</wear><difficult>{}</difficult>"
    "<bndbox><xmin>{}</xmin><ymin>1</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>"
)


def write(folder, *objects):
    (folder / "Annotations").mkdir(parents=True)
    (folder / "JPEGImages").mkdir()
    size = "<size><width>60</width><height>50</height></size>"
    (folder / "Annotations" / "a.xml").write_text(
        f"<annotation>{size}{''.join(OBJECT.format(*each) for each in objects)}</annotation>"
    )
    return folder


def test_each_object_gets_the_class_that_wear_says_and_a_face_stands_once(tmp_path):
    source = write(
        tmp_path / "source",
        ("face", "none", 0, 1),
        ("face_mask", "correct", 1, 2),
        ("face", "incorrect", 1, 3),
        ("face_mask", "incorrect", 1, 3),
    )
    view = tmp_path / "view"
    assert three_states.main([str(source), str(view)]) == 0
    truth = read_truth(tmp_path / "a.jpg", view / "Annotations" / "a.xml", read_labels(view))
    assert truth.class_ids.tolist() == [0, 1, 2]
    assert truth.difficult.tolist() == [False, True, False]
    assert (view / "JPEGImages").resolve() == source / "JPEGImages"
    assert three_states.main([str(source), str(view)]) == 0  # again


@pytest.mark.parametrize("wear", ["", "sideways"])
def test_an_unknown_state_is_named(tmp_path, wear, capsys):
    source = write(tmp_path / "source", ("face", wear, 0, 1))
    assert three_states.main([str(source), str(tmp_path / "view")]) == 1
    assert f"<wear> is '{wear}'; it should be none, correct, incorrect" in capsys.readouterr().err


def test_a_folder_without_annotations(tmp_path, capsys):
    assert three_states.main([str(tmp_path), str(tmp_path / "view")]) == 1
    assert "no Annotations" in capsys.readouterr().err
