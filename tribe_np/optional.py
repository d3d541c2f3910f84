"""Optional packages: imported where they are used, with one clear error when they are missing."""

from importlib import import_module
from types import ModuleType

from tribe_np.errors import MissingDependencyError


def require(name: str, *, extra: str, why: str) -> ModuleType:
    """The imported module `name`.

    Raises   MissingDependencyError that names `why` it is needed and the extra to install; an installed package
             that fails to import gives another message, with the cause
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] == name.split(".")[0]:
            raise MissingDependencyError(
                f'{why} needs {name}, which is not installed. Install it: pip install "tribe_np[{extra}]"'
            ) from error
        raise MissingDependencyError(f"{why} needs {name}, which is installed but does not import: {error}") from error
    except Exception as error:
        raise MissingDependencyError(f"{why} needs {name}, which is installed but does not import: {error}") from error
