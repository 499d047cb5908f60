from types import SimpleNamespace

import pytest
import yaml

from scripts.training.data.label_list import write_labels
from scripts.training.fine_tuning.pretrained import labels_of, scaling_of, starting_weights

CONFIG = SimpleNamespace(filename="picodet", pretrain_weights="https://example.org/coco.pdparams")


@pytest.fixture
def models(tmp_path):
    (tmp_path / "picodet.pdparams").touch()
    (tmp_path / "infer_cfg.yml").write_text(yaml.safe_dump({"label_list": ["face", "face_mask"]}))
    return tmp_path


def test_the_released_weights_start_a_run_with_their_labels(models):
    assert starting_weights(CONFIG, ["face", "face_mask"], models) == str(models / "picodet.pdparams")


@pytest.mark.parametrize("labels", [["face_mask", "face"], ["face"], ["helmet", "head"]])
def test_other_labels_start_as_the_configuration_says(models, labels):
    assert starting_weights(CONFIG, labels, models) == CONFIG.pretrain_weights


def test_without_released_weights_and_without_others(tmp_path):
    assert starting_weights(SimpleNamespace(filename="x", pretrain_weights=None), ["face"], tmp_path) is None


def test_labels_of_a_training_run(tmp_path):
    assert labels_of(tmp_path / "0.pdparams") is None
    write_labels(tmp_path, ["a", "b"])
    assert labels_of(tmp_path / "0.pdparams") == ["a", "b"]


def test_the_scaling_beside_weights(tmp_path):
    assert scaling_of(tmp_path / "best.pdparams") == []
    (tmp_path / "best.yml").write_text(yaml.safe_dump({"scaling": [[2, -1]], "nms_score_threshold": 0.1}))
    assert scaling_of(tmp_path / "best.pdparams") == [(2.0, -1.0)]
