"""What a model's labels say of each other."""

LEAST_SHARED_LETTERS = 3  # of an alphabet
LEAST_SHARED_SIGNS = 2  # of Chinese and the like


def exclude_each_other(labels: tuple[str, ...]) -> bool:
    """Return whether the labels look like states of one thing, of which an object has one.

    They do if all share a part, as ``face`` and ``face_mask`` do, or 戴口罩 and 未戴口罩: two that overlap are one
    object seen in two ways. Those of a general model share none, and a person on a bicycle is two objects.
    """
    shortest = min(labels, key=len).lower()
    others = [label.lower() for label in labels]
    parts = {shortest[start:end] for start in range(len(shortest)) for end in range(start + 1, len(shortest) + 1)}
    return any(is_telling(part) and all(part in label for label in others) for part in parts)


def is_telling(part: str) -> bool:
    """Return whether a shared part is long enough to mean something."""
    if not part.isalpha():
        return False
    return len(part) >= (LEAST_SHARED_LETTERS if part.isascii() else LEAST_SHARED_SIGNS)
