"""Parts of scripts/batch_predict.py."""
