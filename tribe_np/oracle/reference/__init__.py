"""The generator in other languages, for those who have no Python: the text of each file, by its name."""

from importlib.resources import files

SOURCES = ("generator.c", "generator.rs")


def source_text(name: str) -> str:
    """One of SOURCES."""
    return (files("tribe_np.oracle.reference") / name).read_text("utf-8")
