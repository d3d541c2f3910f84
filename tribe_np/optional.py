"""Optional packages: imported where they are used, with one clear error when they are missing."""

from importlib import import_module
from types import ModuleType

from tribe_np.errors import MissingDependencyError

PACKAGES = {
    "PIL": "Pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "mpl_toolkits": "matplotlib",
    "cupyx": "cupy",
}  # fmt: skip
"""What is installed, by the name under which it is imported, where the two differ."""


def require(name: str, *, extra: str = "", why: str, install: str = "") -> ModuleType:
    """The imported module `name`, of an `extra`, or of a package that `install`, a command, installs.

    Raises   MissingDependencyError that names `why` it is needed and what to install; an installed package
             that fails to import gives another message, with the cause
    """
    top = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == top:
            command = install or f'pip install "tribe_np[{extra}]"'
            package = PACKAGES.get(top) or (top if install or error.name == top else name)
            raise MissingDependencyError(
                f"{why} needs {package}, which is not installed. Install it: {command}"
            ) from error
        raise MissingDependencyError(f"{why} needs {name}, which is installed but does not import: {error}") from error
    except Exception as error:
        raise MissingDependencyError(f"{why} needs {name}, which is installed but does not import: {error}") from error
