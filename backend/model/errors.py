"""What can be wrong with a model, or with what it is asked: each error's text is one sentence for the user."""


class ModelError(RuntimeError):
    """A model folder that cannot be served: a file is missing or broken, or its configuration cannot be honoured."""


class InferenceError(RuntimeError):
    """The model itself failed on a photo that was decoded; other photos are not affected."""


class ThresholdError(ValueError):
    """A threshold that is no number from 0 to 1."""
