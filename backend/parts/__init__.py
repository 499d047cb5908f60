"""A finer look: a photo is cut into overlapping parts, each is looked at, and what was found becomes one answer."""
