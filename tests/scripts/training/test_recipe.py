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
    expected = ["split_dataset", "train", "backgrounds", "train", "calibrate", "export", "convert"]
    assert scripts(done) == expected
    first, second = (line for line in done if line.startswith("fine_tuning/train.py"))
    assert f"pretrain_weights=coco.pdparams save_dir={out}/first" in first
    assert f"pretrain_weights={out}/first/picodet_s_416_facemask/best_model.pdparams epoch=18" in second
    assert "--resume" in first
    assert "--resume" in second


def test_what_is_done_is_not_done_again(done, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "train.txt").touch()
    (tmp_path / "second" / "picodet_s_416_facemask").mkdir(parents=True)
    recipe.main([str(tmp_path), "--pictures", str(tmp_path), "--output", str(tmp_path)])
    assert scripts(done) == ["train", "calibrate", "export", "convert"]
