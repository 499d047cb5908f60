"""From trained weights to models/: calibrated, exported, converted, optimised."""
