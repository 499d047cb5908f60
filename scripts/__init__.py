"""What a user runs on top of the detector; what supports the work is in the folders."""
