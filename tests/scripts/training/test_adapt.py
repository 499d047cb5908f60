"""What adapt.py refuses before it trains, and how it judges; the training itself is in test_adapting.py."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import IMAGES

from backend.datasets.folder import open_dataset
from backend.settings import MODELS
from scripts.training import adapt
from scripts.training.data.voc import Truth
from scripts.training.evaluation.comparison import Score, measure
from scripts.training.release.adapted_card import CARD, Adaptation, write_card

PHOTO = IMAGES / "test_mask.jpg"
FACE = {"label": "face_mask", "class_id": 1, "box": [294.64, 93.16, 482.28, 346.82]}


def data_set(folder, count, label="face_mask"):
    with open_dataset(folder, "voc", ["face", "face_mask"]) as dataset:
        for _ in range(count):
            answer = {"image": {"width": 720, "height": 900}, "results": [{**FACE, "label": label}]}
            dataset.add("a.jpg", PHOTO.read_bytes(), answer)
    return folder


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(adapt, "train", lambda *_: pytest.fail("it began to train"))

    def call(*arguments):
        status = adapt.main([*map(str, arguments), "--output", str(tmp_path / "out")])
        assert not (tmp_path / "out-work").exists()
        return status, capsys.readouterr().err.replace("\r", "\n").splitlines()[-1]

    return call


def test_what_cannot_be_trained_on_is_one_sentence(run, tmp_path):
    assert run(tmp_path / "none.zip") == (2, f"{tmp_path / 'none.zip'} is no folder and no zip.")
    (tmp_path / "text.zip").write_text("no zip")
    assert "is no zip" in run(tmp_path / "text.zip")[1]
    few = data_set(tmp_path / "few", 4)
    assert run(few) == (2, f"{few} has 4 usable photos; correct 5 or more.")
    other = data_set(tmp_path / "other", 5, "helmet")
    status, said = run(other)
    assert status == 2
    assert "has the classes helmet; the model knows face, face_mask. Rename them" in said
    mixed = data_set(tmp_path / "mixed", 6)
    first = mixed / "Annotations" / "a_2.xml"
    first.write_text(first.read_text().replace("face_mask", "helmet"))
    assert "has the classes helmet; the model knows face, face_mask" in run(mixed)[1]
    empty = data_set(tmp_path / "empty", 5)
    (first_of_all := empty / "Annotations" / "a.xml").write_text(
        re.sub("<object>.*</object>", "", first_of_all.read_text(), flags=re.S)
    )
    assert run(empty)[1] == "No validation photo (a.jpg) has a face, so nothing can be compared; add photos."


def test_a_model_without_weights_is_refused(run, tmp_path):
    dataset = data_set(tmp_path / "set", 5)
    models = tmp_path / "models"
    models.mkdir()
    assert "has no weights to go on from" in run(dataset, "--models", models)[1]
    for name in ("infer_cfg.yml", "picodet_s_416_facemask.pdparams"):
        shutil.copy(MODELS / name, models)
    (models / "picodet_s_416_facemask.pdparams").rename(models / "mine.pdparams")
    assert "mine.pdparams is of a network without a configuration" in run(dataset, "--models", models)[1]


def test_an_output_that_is_somebodys_is_refused(run, tmp_path):
    dataset = data_set(tmp_path / "set", 5)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    assert "is not empty and no earlier result" in run(dataset)[1]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("option", "value"), [("--epochs", "0"), ("--distillation", "-1"), ("--epochs", "x")])
def test_options_that_make_no_sense(run, tmp_path, option, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path, option, value)
    assert stopped.value.code == 2
    assert option in capsys.readouterr().err


def test_an_interrupted_run_goes_on_and_another_one_begins_anew(tmp_path):
    work = tmp_path / "work"
    adapt.begin(work, {"epochs": 1})
    (work / "checkpoint").write_text("x")
    adapt.begin(work, {"epochs": 1})
    assert (work / "checkpoint").is_file()
    adapt.begin(work, {"epochs": 2})
    assert not (work / "checkpoint").exists()


def test_the_content_of_a_folder_counts_not_its_time(tmp_path):
    first, second = data_set(tmp_path / "a", 2), data_set(tmp_path / "b", 2)
    assert adapt.checksum(first) == adapt.checksum(second)
    (second / "label_list.txt").write_text("other")
    assert adapt.checksum(first) != adapt.checksum(second)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (Score(80.0, 10, 8, 1, 0), Score(80.5, 10, 9, 0, 1), False),
        (Score(80.0, 10, 8, 1, 0), Score(80.0, 10, 8, 1, 0), False),
        (Score(80.0, 10, 8, 1, 0), Score(79.9, 10, 9, 1, 0), True),
        (Score(99.0, 10, 8, 1, 0), Score(100.0, 10, 7, 1, 0), True),  # one fell below the threshold
        (Score(99.0, 10, 8, 1, 0), Score(100.0, 10, 8, 1, 1), True),
        (Score(0.5, 8, 0, 6, 0), Score(1.4, 8, 0, 3, 1), True),
    ],
)
def test_which_is_worse(before, after, worse):
    assert after.is_worse_than(before) is worse


def truth(path, boxes, class_ids):
    count = len(boxes)
    width, height = 720, 900
    return Truth(
        path, width, height, np.array(boxes, float).reshape(-1, 4), np.array(class_ids, int), np.zeros(count, bool)
    )


def test_a_model_is_measured_as_it_is_served():
    score = measure(MODELS, [truth(PHOTO, [FACE["box"]], [1])])
    assert (score.mean_ap, score.faces, score.right, score.missed, score.invented) == (100.0, 1, 1, 0, 0)
    wrong_label = measure(MODELS, [truth(PHOTO, [FACE["box"]], [0])])
    assert (wrong_label.mean_ap, wrong_label.right, wrong_label.mislabelled) == (0.0, 0, 1)
    also_empty = measure(MODELS, [truth(PHOTO, [FACE["box"]], [1]), truth(PHOTO, [], [])])
    assert (also_empty.faces, also_empty.right, also_empty.invented, also_empty.errors) == (1, 1, 1, 1)


def test_the_card_says_what_was_measured(tmp_path):
    for name in ("infer_cfg.yml", "picodet_s_416_facemask.onnx"):
        shutil.copy(MODELS / name, tmp_path)
    before, after = Score(80.0, 10, 8, 1, 0), Score(81.0, 10, 8, 1, 3)
    run = Adaptation(Path("my.zip"), 8, 2, 10, 1.0, MODELS / "picodet_s_416_facemask", before, after)
    write_card(tmp_path, run)
    card = (tmp_path / CARD).read_text()
    assert "| mAP at IoU 0.5, one label a face (%) | 80.00 | 81.00 |" in card
    assert "| boxes on no face | 0 | 3 |" in card
    assert "`my.zip`" in card
    assert "Fewer than 50 validation photos" in card
