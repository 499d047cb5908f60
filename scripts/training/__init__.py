"""From a VOC data set to models/: data, fine-tuning, evaluation, release, experiments."""
