"""Evaluate trained weights with PaddleDetection's own VOC metric (integral, IoU 0.5, difficult boxes skipped).

python scripts/training/evaluate.py --dataset DIR --lists DIR [-c CONFIG] [-o weights=PATH]
"""

from pathlib import Path

from paddle_setup import argument_parser, configure

from ppdet.engine import Trainer


def main() -> None:
    """Evaluate as the arguments say."""
    cfg = configure(argument_parser("Evaluate trained weights on the validation photos.").parse_args())
    weights = Path(cfg.weights).with_suffix(".pdparams")
    if not weights.is_file():
        raise SystemExit(f"{weights}: no such weights; train first, or name others with -o weights=PATH")
    trainer = Trainer(cfg, mode="eval")
    trainer.load_weights(str(weights))
    trainer.evaluate()
    metric = trainer._metrics[0].detection_map
    for row in metric.eval_results:
        print(f"AP {row['class']}: {100 * row['ap']:.2f}")
    print(f"VOC mAP at IoU 0.5: {100 * metric.mAP:.2f}")


if __name__ == "__main__":
    main()
