"""The command line's options for the folder of each model, one a modality. Light: every --help reads it."""

from extractors.catalogue import modalities


def model_option(modality: str) -> str:
    """The option of a modality, such as --text-model."""
    return f"--{modality}-model"


def model_options() -> dict[str, str]:
    """All of them, by modality."""
    return {modality: model_option(modality) for modality in modalities()}
