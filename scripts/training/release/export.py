"""Export a trained PicoDet for inference: model.pdmodel, model.pdiparams and infer_cfg.yml.

python scripts/training/release/export.py --dataset DIR [-c CONFIG] [--output-dir DIR] [-o weights=PATH]
"""

import copy
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.fine_tuning.paddle_setup import argument_parser, configure

import yaml
from ppdet.engine import Trainer

from scripts.training.evaluation.evaluate import find_weights

DEFAULT_OUTPUT = Path("output/inference")


def main() -> None:
    """Export as the arguments say."""
    parser = argument_parser("Export a trained PicoDet for inference.")
    parser.add_argument("--output-dir", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--draw-threshold", type=float, default=0.5, help="default threshold of the model, 0 to 1")
    args = parser.parse_args()
    cfg = configure(args)
    weights = find_weights(cfg)
    nms = copy.deepcopy(dict(head_section(cfg)["nms"])) | nms_of_calibration(weights)
    trainer = Trainer(cfg, mode="test")
    trainer.load_weights(str(weights))
    trainer.export(str(args.output_dir))
    folder = args.output_dir / cfg.filename
    correct_infer_cfg(folder / "infer_cfg.yml", nms, args.draw_threshold, cfg.get("input_sizes"))
    print(f"exported to {folder}")


def head_section(cfg: Any) -> Any:
    """Return the configuration of the model's head."""
    return cfg[cfg["PicoDet"]["head"]]


def nms_of_calibration(weights: Path) -> dict[str, float]:
    """Return the NMS score threshold that calibrate.py wrote beside its weights."""
    beside = weights.with_suffix(".yml")
    if not beside.is_file():
        return {}
    return {"score_threshold": float(yaml.safe_load(beside.read_text(encoding="utf-8"))["nms_score_threshold"])}


def correct_infer_cfg(path: Path, nms: dict[str, Any], draw_threshold: float, input_sizes: Any = None) -> None:
    """Write the real NMS and threshold: PaddleDetection puts score 0.3 and IoU 0.5 there whatever the model does.

    Args:
        path: of the infer_cfg.yml.
        nms, draw_threshold: what it should say.
        input_sizes: heights and widths that a photo may be given besides the one of Resize; PaddleDetection ignores it.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["NMS"] = nms
    content["draw_threshold"] = draw_threshold
    if input_sizes:
        content["input_sizes"] = [list(size) for size in input_sizes]
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
