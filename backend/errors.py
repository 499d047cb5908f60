"""What can be wrong with a request to the detector, apart from HTTP: each error's text is one sentence for the user."""


class ImageError(ValueError):
    """An image that cannot be used; the text says what was wrong and what would be right."""


class EmptyImageError(ImageError):
    """No bytes at all."""


class UnsupportedImageError(ImageError):
    """Bytes that are no JPEG, PNG, WebP or BMP by their signature."""


class UndecodableImageError(ImageError):
    """The signature fits, but the rest is truncated or corrupt."""


class ImageTooLargeError(ImageError):
    """More pixels than the limit."""


class ThresholdError(ValueError):
    """A threshold that is no number from 0 to 1."""


class ModelError(RuntimeError):
    """A model folder that cannot be served: a file is missing or broken, or its configuration cannot be honoured."""


class InferenceError(RuntimeError):
    """The model itself failed on a photo that was decoded; other photos are not affected."""
