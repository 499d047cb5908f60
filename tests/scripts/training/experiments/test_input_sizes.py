import pytest
import tiny_models
import yaml

from backend import PicoDetector
from backend.settings import MODELS, ROOT
from scripts.training.experiments import input_sizes


def test_a_folder_for_model_dir_with_the_size_of_one_s_own(tmp_path):
    input_sizes.make(MODELS, 320, tmp_path)
    detector = PicoDetector(tmp_path)
    assert detector.name == "picodet_s_320_facemask"
    assert detector.config.preprocessor.input_size == (320, 320)
    areas = [height * width for height, width in detector.config.preprocessor.input_sizes]
    assert len(areas) > 1
    assert all(0.9 < area / 320**2 <= 1 for area in areas)
    assert [face["label"] for face in detector.predict(ROOT / "images" / "test_mask.jpg")["results"]] == ["face_mask"]


def test_made_again_it_replaces_the_one_before(tmp_path):
    input_sizes.make(MODELS, 320, tmp_path)
    input_sizes.make(MODELS, 384, tmp_path)
    assert PicoDetector(tmp_path).name == "picodet_s_384_facemask"


def test_squares_only(tmp_path):
    input_sizes.make(MODELS, 416, tmp_path, squares=True)
    assert PicoDetector(tmp_path).config.preprocessor.input_sizes == ((416, 416),)


def test_a_model_of_one_size_keeps_to_one(tmp_path, model_dir):
    folder = model_dir((MODELS / "picodet_s_416_facemask.onnx").read_bytes())
    input_sizes.make(folder, 320, tmp_path / "small")
    assert yaml.safe_load((tmp_path / "small" / "infer_cfg.yml").read_text())["input_sizes"] is None
    assert PicoDetector(tmp_path / "small").config.preprocessor.input_sizes == ((320, 320),)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run the command; its output goes below tmp_path."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["", "--output", str(tmp_path / "sizes"), *map(str, arguments)])
        input_sizes.main()

    return run


@pytest.mark.parametrize("size", [0, 300, -32, 1056])
def test_other_sizes_are_refused_before_anything_is_made(command, tmp_path, size):
    with pytest.raises(SystemExit, match=f"{size} is no multiple of 32 up to 1024"):
        command("--sizes", size)
    assert not list(tmp_path.iterdir())


def test_without_a_data_set_the_folders_are_made(command, tmp_path, capsys):
    command("--sizes", 352, 1024)
    assert f"MODEL_DIR={tmp_path}/sizes/352" in capsys.readouterr().out
    assert PicoDetector(tmp_path / "sizes" / "352").config.preprocessor.input_sizes[0] == (352, 352)
    assert PicoDetector(tmp_path / "sizes" / "1024").config.preprocessor.input_sizes == ((1024, 1024),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--models", "/nowhere"], "/nowhere should hold one .onnx; it holds none"),
        (["--dataset", "."], "--dataset and --lists go together"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(command, arguments, said):
    with pytest.raises(SystemExit, match=said):
        command("--sizes", 352, *arguments)


def test_a_model_of_a_fixed_size_is_refused_in_a_sentence(command, model_dir):
    fixed = tiny_models.without_nms([[0, 0, 9, 9]], [[0.9], [0.1]], size=(416, 416))
    with pytest.raises(SystemExit, match=r"makes an input of \(3, 352, 352\) by .*; the model takes \(3, 416, 416\)"):
        command("--sizes", 352, "--models", model_dir(fixed))


def test_a_model_that_takes_photos_as_they_are_is_refused_in_a_sentence(command, model_dir, infer_cfg):
    folder = model_dir(tiny_models.without_nms([[0, 0, 9, 9]], [[0.9], [0.1]]), Preprocess=infer_cfg["Preprocess"][1:])
    with pytest.raises(SystemExit, match="infer_cfg.yml has no Resize step"):
        command("--sizes", 352, "--models", folder)


def test_the_folder_to_start_from_is_not_overwritten(command, tmp_path):
    command("--sizes", 352)
    before = {path: path.read_bytes() for path in (tmp_path / "sizes" / "352").iterdir()}
    with pytest.raises(SystemExit, match="is the model to start from; name another folder with --output"):
        command("--sizes", 352, "--models", tmp_path / "sizes" / "352")
    assert {path: path.read_bytes() for path in (tmp_path / "sizes" / "352").iterdir()} == before
