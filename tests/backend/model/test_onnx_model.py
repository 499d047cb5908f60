import os
import shutil

import numpy as np
import pytest
import tiny_models

from backend import PicoDetector
from backend.model.errors import InferenceError, ModelError
from backend.model.onnx_model import from_nms_output
from backend.settings import MODELS, ROOT

BOXES = [[0, 0, 104, 104], [208, 208, 416, 416], [210, 208, 416, 416]]


def test_boxes_come_out_in_pixels_of_the_photo(model_dir, noise):
    detector = PicoDetector(model_dir(tiny_models.without_nms(BOXES, [[0.9, 0, 0], [0, 0.8, 0.7]])))
    results = detector.predict_image(noise)["results"]
    assert [(r["label"], r["box"]) for r in results] == [
        ("face", [0, 0, 20, 15]),
        ("face_mask", [40, 30, 80, 60]),
    ]


def test_a_graph_with_nms(model_dir, noise):
    rows = [[0, 0.6, 1, 2, 30, 40], [1, 0.9, 50, 10, 200, 59]]
    results = PicoDetector(model_dir(tiny_models.with_nms(rows))).predict_image(noise)["results"]
    assert [(r["class_id"], r["box"]) for r in results] == [(1, [50, 10, 80, 59]), (0, [1, 2, 30, 40])]


@pytest.mark.parametrize("rows", [[], [[-1] * 6], [[0, 0.9, 1, 1, 5, 5]]], ids=["none", "marked none", "one"])
def test_a_graph_with_nms_and_few_faces(model_dir, noise, rows):
    results = PicoDetector(model_dir(tiny_models.with_nms(rows))).predict_image(noise)["results"]
    assert len(results) == sum(row[0] >= 0 for row in rows)


def test_a_photo_on_which_the_graph_fails_does_not_take_the_others_down(model_dir, noise):
    detector = PicoDetector(model_dir(tiny_models.failing_on_dark_photos()), warm_up=False)
    with pytest.raises(InferenceError, match="The model failed on this photo"):
        detector.predict_image(noise * 0)
    assert len(detector.predict_image(noise)["results"]) == 2


def test_a_graph_that_fails_at_warm_up_is_loaded_all_the_same(model_dir):
    assert PicoDetector(model_dir(tiny_models.failing_on_dark_photos())).labels == ("face", "face_mask")


@pytest.mark.parametrize(
    ("onnx", "named"),
    [
        (None, "should hold one .onnx; it holds none"),
        (b"", "truncated or another file"),
        (b"PK\x03\x04 no model", "truncated or another file"),
        (tiny_models.without_nms(BOXES, [[0.9, 0, 0]])[:80], "truncated or another file"),
        (tiny_models.of_another_kind(), "inputs ['pixels']"),
        (tiny_models.without_postprocessing(), "export.post_process: True"),
    ],
    ids=["missing", "empty", "zip", "truncated", "classifier", "raw maps"],
)
def test_what_cannot_be_served_is_refused_in_one_sentence(model_dir, onnx, named):
    with pytest.raises(ModelError) as error:
        PicoDetector(model_dir(onnx))
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def with_size(infer_cfg, size):
    steps = [dict(step) for step in infer_cfg["Preprocess"]]
    steps[0]["target_size"] = size
    return {"Preprocess": steps}


def test_a_size_other_than_the_fixed_one_is_refused(model_dir, infer_cfg):
    onnx = tiny_models.without_nms(BOXES, [[0.9, 0, 0], [0, 0.8, 0.7]], size=(416, 416))
    with pytest.raises(ModelError, match=r"makes an input of \(3, 320, 320\) by .*; the model takes \(3, 416"):
        PicoDetector(model_dir(onnx, **with_size(infer_cfg, [320, 320])))
    with pytest.raises(ModelError, match=r"makes an input of \(3, 352, 480\) by .*; the model takes \(3, 416"):
        PicoDetector(model_dir(onnx, input_sizes=[[416, 416], [352, 480]]))


@pytest.mark.parametrize("size", [[300, 300], [416, 430], [1056, 416]])
def test_a_size_that_the_model_fails_on_is_refused_at_start(model_dir, infer_cfg, size):
    real = (MODELS / "picodet_s_416_facemask.onnx").read_bytes()
    fails = r"on which the model fails; .* should make its sides multiples of 32, up to 1024\.$"
    with pytest.raises(ModelError, match=fails):
        PicoDetector(model_dir(real, **with_size(infer_cfg, size)))
    with pytest.raises(ModelError, match=fails):
        PicoDetector(model_dir(real, **with_size(infer_cfg, [352, 480]), input_sizes=[size]))


@pytest.mark.parametrize("resize", [None, {"type": "Resize", "target_size": [416, 416], "keep_ratio": True}])
def test_sides_of_any_length_are_refused_at_start_unless_they_are_padded(model_dir, infer_cfg, resize):
    real = (MODELS / "picodet_s_416_facemask.onnx").read_bytes()
    steps = [resize] * bool(resize) + [dict(step) for step in infer_cfg["Preprocess"][1:]]
    with pytest.raises(ModelError, match="on which the model fails; Resize.target_size, input_sizes, or PadStride"):
        PicoDetector(model_dir(real, Preprocess=steps))
    steps.append({"type": "PadStride", "stride": 32})
    padded = PicoDetector(model_dir(real, Preprocess=steps))
    assert padded.predict(ROOT / "images" / "test_mask.jpg")["results"]


def test_the_released_model_takes_other_sizes(model_dir, infer_cfg):
    real = (MODELS / "picodet_s_416_facemask.onnx").read_bytes()
    small = PicoDetector(model_dir(real, **with_size(infer_cfg, [320, 320])))
    assert [face["label"] for face in small.predict(ROOT / "images" / "test_mask.jpg")["results"]] == ["face_mask"]


def test_two_models_in_one_folder_are_refused(model_dir):
    folder = model_dir(tiny_models.of_another_kind())
    (folder / "second.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match="it holds second.onnx, tiny.onnx"):
        PicoDetector(folder)


def test_labels_and_classes_have_to_agree(model_dir):
    with pytest.raises(ModelError, match="label_list has 2 labels, the model 3 classes"):
        PicoDetector(model_dir(tiny_models.without_nms(BOXES, [[0.9, 0, 0]] * 3)))


def test_the_output_of_a_graph_with_nms():
    rows = np.array([[0, 0.3, 1, 2, 3, 4], [1, 0.8, 5, 6, 7, 8]], np.float32)
    found = from_nms_output(rows)
    assert found.class_ids.tolist() == [1, 0]
    assert found.boxes[0].tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("rows", [np.empty((0, 6), np.float32), np.full((1, 6), -1, np.float32)])
def test_the_output_of_a_graph_that_found_nothing(rows):
    assert len(from_nms_output(rows)) == 0


def test_a_provider_that_is_not_installed_is_named_with_its_package():
    with pytest.raises(
        ModelError, match=r"PROVIDERS names CUDA, .* has .*CPUExecutionProvider; install onnxruntime-gpu"
    ):
        PicoDetector(providers=("CUDA", "CPU"))


def test_providers_are_found_whatever_their_capitals():
    assert PicoDetector(providers=("cpu",)).model.session.get_providers() == ["CPUExecutionProvider"]


CASES = ROOT / "tests" / "cases"


def test_a_float16_model_is_refused_at_start():
    with pytest.raises(ModelError, match=r"model.onnx takes tensor\(float16\) as image; export it in float32"):
        PicoDetector(CASES / "model_fp16")


def test_a_fixed_batch_is_refused_at_start(model_dir):
    onnx = tiny_models.without_nms(BOXES, [[0.9, 0, 0], [0, 0.8, 0.7]], batch=4)
    with pytest.raises(ModelError, match="tiny.onnx takes batches of 4; export it for one photo"):
        PicoDetector(model_dir(onnx))


def test_a_class_beyond_the_labels_is_one_sentence_for_that_photo(noise, tmp_path, capsys):
    detector = PicoDetector(CASES / "model_nms_shortlabels")
    with pytest.raises(InferenceError, match=r"found class \d+ on this photo, and label_list names 2 classes"):
        detector.predict_image(noise)


def test_objects_of_a_general_model_may_overlap(noise):
    results = PicoDetector(CASES / "model_coco_overlap").predict_image(noise)["results"]
    assert len(results) == 3
    assert len({result["label"] for result in results}) == 3
    assert len(PicoDetector(CASES / "model_coco_overlap", one_label=True).predict_image(noise)["results"]) == 2


@pytest.mark.parametrize("bad", [float("nan"), 1.5, -0.5, float("inf")])
def test_what_is_no_score_never_reaches_an_answer(model_dir, noise, bad):
    without = PicoDetector(model_dir(tiny_models.without_nms(BOXES, [[bad, 0, 0], [0, 0.8, 0]])))
    assert [face["score"] for face in without.predict_image(noise, 0.0)["results"]] == [0.8]
    rows = [[0, bad, 1, 2, 30, 40], [1, 0.9, 50, 10, 200, 59], [1, 0.8, bad if bad != bad else float("nan"), 1, 2, 3]]
    within = PicoDetector(model_dir(tiny_models.with_nms(rows)))
    assert [face["score"] for face in within.predict_image(noise, 0.0)["results"]] == [0.9]


def test_a_folder_whose_name_is_no_utf_8(tmp_path):
    folder = tmp_path / os.fsdecode(b"mod\xe8le")
    shutil.copytree(MODELS, folder, ignore=shutil.ignore_patterns("*.pdparams", "*.md", "*.yml.*"))
    assert PicoDetector(folder).labels == ("face", "face_mask")
