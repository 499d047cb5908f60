"""What can be wrong with an image: each error's text is one sentence for the user."""


class ImageError(ValueError):
    """An image that cannot be used; the text says what was wrong and what would be right."""


class EmptyImageError(ImageError):
    """No bytes at all."""


class UnsupportedImageError(ImageError):
    """Bytes that are of no format that is taken, by their signature."""


class UndecodableImageError(ImageError):
    """The signature fits, but the rest is truncated or corrupt."""


class ImageTooLargeError(ImageError):
    """More pixels than the limit."""
