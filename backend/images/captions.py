"""Labels where a font has few signs: pictures by OpenCV have ASCII, plots by matplotlib what its own font has."""


def in_ascii(label: str, class_id: int) -> str:
    """Return a label for OpenCV's font: the label itself, or the number of its class."""
    return label if label.isascii() and label.isprintable() else f"class {class_id}"


def in_plots(label: str, class_id: int) -> str:
    """Return a label for matplotlib's own font, which every machine has: the label itself, or the class's number."""
    from matplotlib.font_manager import findfont  # here: matplotlib takes a while to load
    from matplotlib.ft2font import FT2Font

    known = FT2Font(findfont("DejaVu Sans")).get_charmap()
    return label if all(ord(sign) in known for sign in label) else f"class {class_id}"
