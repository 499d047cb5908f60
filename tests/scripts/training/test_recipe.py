from pathlib import Path

import pytest

from scripts.training import recipe
from scripts.training.release import release


@pytest.fixture
def done(monkeypatch):
    """The steps that were taken, a line each."""
    taken = []
    for module in (recipe, release):
        monkeypatch.setattr(module, "step", lambda *arguments: taken.append(" ".join(map(str, arguments))))
    return taken


@pytest.fixture(autouse=True)
def labels(tmp_path):
    (tmp_path / "label_list.txt").touch()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{tmp}/nowhere"], "no folder with a label_list.txt"),
        (["{tmp}", "--pictures", "{tmp}/nowhere"], "no such folder"),
        (["{tmp}", "--models", "{tmp}"], "holds other.onnx: name another folder"),
    ],
)
def test_what_would_stop_it_after_hours_stops_it_now(done, tmp_path, arguments, said):
    (tmp_path / "other.onnx").touch()
    with pytest.raises(SystemExit, match=said):
        recipe.main([argument.format(tmp=tmp_path) for argument in arguments])
    assert done == []


def scripts(done):
    return [Path(line.split()[0]).stem for line in done]


def test_the_steps_in_their_order(done, tmp_path):
    out = tmp_path / "out"
    recipe.main([str(tmp_path), "--pictures", str(tmp_path), "--weights", "coco.pdparams", "--output", str(out)])
    assert scripts(done) == [
        "split_dataset",
        "backgrounds",
        "train",
        "train",
        "train",
        "calibrate",
        "export",
        "convert",
    ]
    first, second, third = (line for line in done if line.startswith("fine_tuning/train.py"))
    assert f"--augmentation plain -o pretrain_weights=coco.pdparams save_dir={out}/first epoch=12" in first
    best = f"{out}/first/picodet_s_416_facemask/best_model.pdparams"
    assert f"--augmentation wide -o pretrain_weights={best} save_dir={out}/second epoch=9" in second
    best = f"{out}/second/picodet_s_416_facemask/best_model.pdparams"
    assert f"--augmentation wide -o pretrain_weights={best} save_dir={out}/third epoch=11" in third
    assert all("--resume" in line for line in (first, second, third))


def test_what_is_done_is_not_done_again(done, tmp_path):
    for file in ("lists/train.txt", "lists/backgrounds.txt", "first/picodet_s_416_facemask/model_final.pdparams"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    recipe.main([str(tmp_path), "--pictures", str(tmp_path), "--output", str(tmp_path)])
    assert scripts(done) == ["train", "train", "calibrate", "export", "convert"]


def test_without_other_weights_the_recipe_begins_with_cocos(done, tmp_path):
    recipe.main([str(tmp_path), "--pictures", str(tmp_path), "--output", str(tmp_path / "out")])
    assert f"pretrain_weights={recipe.COCO} " in done[2]
