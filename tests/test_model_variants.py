import numpy as np
import onnx
import onnxruntime
from conftest import IMAGES
from model_variants import quantize, sensitive, take_bytes

from backend.image_decode import decode_image
from backend.paddle_inference import DEFAULT_MODEL_DIR, PicoDetector, find_model

DETECTOR = PicoDetector()
RELEASED = find_model(DEFAULT_MODEL_DIR)
IMAGE = decode_image((IMAGES / "test_group.jpg").read_bytes())
READY = DETECTOR.config.preprocessor(IMAGE)
TENSORS = {"image": READY.tensor, "scale_factor": READY.scale_factor}
INPUTS = {name: TENSORS[name] for name in DETECTOR.model.inputs}


def outputs(path, inputs):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, inputs)


def test_a_model_that_takes_bytes_finds_the_same(tmp_path):
    take_bytes(RELEASED, tmp_path / "bytes.onnx", DETECTOR.config.preprocessor)
    resized = DETECTOR.config.preprocessor.steps[0](IMAGE)[np.newaxis]
    others = {name: value for name, value in INPUTS.items() if name != "image"}
    found = outputs(tmp_path / "bytes.onnx", {"bytes": resized, **others})
    for expected, actual in zip(outputs(RELEASED, INPUTS), found, strict=True):
        np.testing.assert_allclose(actual, expected, atol=0.01)


def test_first_last_and_squeezing_convolutions_are_sensitive():
    model = onnx.load(str(RELEASED))
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    squeezing = 2 * sum(node.op_type == "GlobalAveragePool" for node in model.graph.node)
    names = sensitive(model)
    assert convolutions[0].name in names
    assert 1 + squeezing + 4 <= len(names) < len(convolutions) / 2


def test_quantised_convolutions_leave_the_sensitive_ones(tmp_path):
    quantize(RELEASED, tmp_path / "int8.onnx", [INPUTS], spare=True)
    graph = onnx.load(str(tmp_path / "int8.onnx")).graph
    dequantised = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    as_they_were = [node for node in graph.node if node.op_type == "Conv" and node.input[1] not in dequantised]
    assert len(as_they_were) == len(sensitive(onnx.load(str(RELEASED))))
    boxes, scores = outputs(tmp_path / "int8.onnx", INPUTS)
    assert np.isfinite(boxes).all() and scores.min() >= 0 and scores.max() <= 1
