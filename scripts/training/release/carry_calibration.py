"""Give weights that were trained from calibrated ones the calibration of those.

    python scripts/training/release/carry_calibration.py --calibrated models/NAME --trained RUN/model_final

For training on few photos: they are too few to fit a calibration of their own (calibrate.py does that). Writes
calibrated.pdparams and calibrated.yml beside the trained weights.
"""

import argparse
import shutil
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from scripts.training.fine_tuning import paddle_setup  # noqa: F401  (before paddle)

import numpy as np
import paddle

from scripts.training.fine_tuning.head import scale_head
from scripts.training.fine_tuning.pretrained import scaling_of


def main() -> None:
    """Carry over as the arguments say."""
    parser = argparse.ArgumentParser(description="Give trained weights the calibration of those they came from.")
    parser.add_argument("--calibrated", type=Path, required=True, help="weights with a .yml beside, no suffix")
    parser.add_argument("--trained", type=Path, required=True, help="weights without suffix")
    args = parser.parse_args()
    source, target = args.calibrated.with_suffix(".pdparams"), args.trained.with_name("calibrated.pdparams")
    state = {name: np.asarray(value) for name, value in paddle.load(f"{args.trained}.pdparams").items()}
    paddle.save(scale_head(state, scaling_of(source)), str(target))
    if source.with_suffix(".yml").is_file():
        shutil.copyfile(source.with_suffix(".yml"), target.with_suffix(".yml"))
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
