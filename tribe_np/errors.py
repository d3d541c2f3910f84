"""Every error a user can cause. Each message says where, what was expected, what was found and the next step.

The class says what was wrong, and is also of the built-in kind that fits:

    what was given   ConfigError (an option), ParcellationError (a table of regions), MeshError (a surface),
                     ShapeError (an array), EventsError, MeasurementError (a scan and what belongs to it)
    a model          CheckpointError, NotFiniteError (its weights, or what it makes of its input),
                     RecordingError (its recorded intermediates), KitError (a conformance kit)
    a stimulus       MediaError: MissingFileError where there is none, StimulusError where it is no stimulus
    the machine      OutputError (a disk), ShortMemoryError, MissingDependencyError (a package, a program, a device)
"""

import re

from tribe_np.shown import shown


class TribeError(Exception):
    """Base of all errors of this project; the command line prints it in one line and exits with 2."""

    def __str__(self) -> str:
        """The message, cut to a sensible length, with control characters spelled out: it may quote a file."""
        return shown(super().__str__())


class ShapeError(TribeError, ValueError):
    """An array whose shape, dtype or array module does not fit."""


class CheckpointError(TribeError, ValueError):
    """A checkpoint folder, weight file or model configuration that cannot be used."""


class NotFiniteError(CheckpointError):
    """NaN or infinite values: in weights, in features, or in what a model makes of its input."""


class RecordingError(CheckpointError):
    """A recording of the oracle that contradicts itself, or lacks what it is compared with."""


class KitError(CheckpointError):
    """A conformance kit that is damaged, edited, of another version, or lacks what is asked of it."""


class ConfigError(TribeError, ValueError):
    """An option or configuration value that is unknown, not implemented or contradictory."""


class ParcellationError(ConfigError):
    """A parcellation that is missing, damaged or of another mesh."""


class MeshError(ConfigError):
    """A surface mesh, or a map on one, that is missing, damaged or of another mesh."""


class MeasurementError(TribeError, ValueError):
    """Measured data, or a table or surface that belongs to them, that are missing, damaged or contradictory."""


class EventsError(TribeError, ValueError):
    """An events table or transcript that cannot be used."""


class MediaError(TribeError, OSError):
    """A stimulus file that cannot be found, read, decoded or transcribed."""


class MissingFileError(MediaError, FileNotFoundError):
    """A stimulus that is not there; upstream raises FileNotFoundError."""


class StimulusError(MediaError, ValueError):
    """A stimulus that cannot be used: an unknown suffix, a text that cannot be spoken; upstream raises ValueError."""


class OutputError(TribeError, OSError):
    """A result or cache that cannot be written, or is incomplete."""


class ShortMemoryError(TribeError, MemoryError):
    """Too little memory for a stage, seen before it began."""


class MissingDependencyError(TribeError, ImportError):
    """An optional package or program that is not installed or does not start, or that finds no device."""


def reason_of(error: Exception) -> str:
    """Why the system refused, without the number and the name that an OSError adds.

    A name that holds a NUL is a ValueError, which has no such reason: then what it says.
    """
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def reason_of_fetch(error: Exception) -> str:
    """Why the fetcher of another library failed: of a host that is not reached its name, not the story of each retry.

    >>> reason_of_fetch(OSError("HTTPSConnectionPool(host='osf.io', port=443): Max retries exceeded with url: /x"))
    'osf.io cannot be reached'
    """
    said = reason_of(error) or type(error).__name__
    host = re.search(r"host='([^']+)'.*Max retries", said)
    return f"{host[1]} cannot be reached" if host else said
