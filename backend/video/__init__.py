"""Videos: opened, decoded, written with boxes, counted over time."""
