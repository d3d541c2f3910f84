"""Stand-in for berg.core.exceptions: the same classes."""


class BERGError(Exception):
    """Base."""


class ModelNotFoundError(BERGError):
    """No such model."""


class ModelLoadError(BERGError):
    """A model that does not load."""


class InvalidParameterError(BERGError):
    """A wrong parameter."""


class StimulusError(BERGError):
    """A wrong stimulus."""


class ResourceError(BERGError):
    """Memory or devices."""
