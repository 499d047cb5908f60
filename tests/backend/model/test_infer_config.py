import pytest
import yaml

from backend.model.errors import ModelError
from backend.model.infer_config import Nms, load_infer_config, parse_infer_config


def test_the_model_of_this_repository(infer_cfg):
    config = parse_infer_config(infer_cfg)
    assert config.labels == ("face", "face_mask")
    assert config.draw_threshold == infer_cfg["draw_threshold"]
    nms = infer_cfg["NMS"]
    assert config.nms == Nms(nms["score_threshold"], nms["nms_threshold"], nms["nms_top_k"], nms["keep_top_k"])


def test_no_nms_section_means_paddledetections_defaults(infer_cfg):
    del infer_cfg["NMS"]
    assert parse_infer_config(infer_cfg).nms == Nms()


def test_minus_one_means_no_limit(infer_cfg):
    infer_cfg["NMS"] |= {"nms_top_k": -1, "keep_top_k": -1}
    assert parse_infer_config(infer_cfg).nms.top_k > 10**9


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"arch": "YOLO"}, "arch is 'YOLO'"),
        ({"arch": None}, "arch"),
        ({"mask": True}, "mask"),
        ({"label_list": []}, "label_list"),
        ({"label_list": "face"}, "label_list"),
        ({"draw_threshold": 1.5}, "draw_threshold is 1.5"),
        ({"draw_threshold": "high"}, "draw_threshold"),
        ({"draw_threshold": float("nan")}, "draw_threshold"),
        ({"NMS": []}, "NMS"),
        ({"NMS": {"nms_eta": 0.5}}, "NMS.nms_eta is 0.5"),
        ({"NMS": {"normalized": False}}, "NMS.normalized"),
        ({"NMS": {"foo": 1}}, "NMS.foo"),
        ({"tracker": {"name": "JDE"}}, "tracker"),
        ({"label_list": ["face", "face"]}, "label_list"),
        ({"label_list": ["face", None]}, "label_list"),
        ({"NMS": {"name": "MatrixNMS"}}, "NMS.name is 'MatrixNMS'"),
        ({"NMS": {"nms_threshold": -1}}, "NMS.nms_threshold"),
        ({"NMS": {"score_threshold": True}}, "NMS.score_threshold"),
        ({"NMS": {"nms_top_k": 0}}, "NMS.nms_top_k"),
        ({"NMS": {"keep_top_k": 1.5}}, "NMS.keep_top_k"),
        ({"Preprocess": None}, "Preprocess"),
        ({"Preprocess": ["Resize"]}, "Preprocess"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(infer_cfg, change, named):
    with pytest.raises(ModelError) as error:
        parse_infer_config(infer_cfg | change)
    assert named in str(error.value)


@pytest.mark.parametrize("content", ["", "- 1", "a: [", "\0", "arch: GFL"])
def test_a_broken_file_is_named(tmp_path, content):
    path = tmp_path / "infer_cfg.yml"
    path.write_text(content)
    with pytest.raises(ModelError) as error:
        load_infer_config(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="infer_cfg.yml cannot be read"):
        load_infer_config(tmp_path / "infer_cfg.yml")


def test_yaml_tags_are_not_executed(tmp_path):
    path = tmp_path / "infer_cfg.yml"
    path.write_text("arch: !!python/object/apply:os.system ['true']")
    with pytest.raises(ModelError, match="no YAML"):
        load_infer_config(path)


def test_bare_yes_and_no_are_explained(tmp_path):
    (tmp_path / "infer_cfg.yml").write_text("arch: GFL\nlabel_list: [yes, no]\n")
    with pytest.raises(ModelError, match="a bare yes, no, on or off, which YAML takes for true or false; quote it"):
        load_infer_config(tmp_path / "infer_cfg.yml")


def test_other_encodings_are_named_and_a_mark_is_left_out(tmp_path, infer_cfg):
    path = tmp_path / "infer_cfg.yml"
    path.write_bytes("label_list: [戴口罩]".encode("gbk"))
    with pytest.raises(ModelError, match="is no UTF-8 text; save it as UTF-8"):
        load_infer_config(path)
    path.write_bytes(b"\xef\xbb\xbf" + yaml.safe_dump(infer_cfg | {"label_list": ["未戴口罩", "戴口罩"]}).encode())
    assert load_infer_config(path).labels == ("未戴口罩", "戴口罩")
