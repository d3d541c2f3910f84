"""What the names in a kit mean: inputs and taps with their letters, for the manifest."""

from typing import Any

import numpy as np

from tribe_np.errors import RecordingError
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.summaries import Summary
from tribe_np.oracle.taps import row_of, tap_table

INPUTS = {
    "sound": ("(samples, channels)", "what decoding the sound gave, from -1 to 1"),
    "film": ("(frames, height, width, 3)", "what decoding the film gave: RGB"),
    "token_ids": ("(B, S)", "ids of tokens, rows of the embedding table"),
    "attention_mask": ("(B, S)", "1 at tokens, 0 at padding on the right"),
    "input_features": ("(B, S, F)", "log-mel spectra, two in a row, normalised"),
    "subject_index": ("(B,)", "the row of the subject layers; without it, the row of the average subject is used"),
    "stream": ("(B, S, D)", "what the first of these layers reads, in the place of what earlier layers would give"),
}
"""Letters and meaning, by name."""
PIXELS = {
    5: ("(B, frames, channels, height, width)", "pixels of a clip, normalised"),
    4: ("(B, channels, height, width)", "pixels of a picture, normalised"),
}
"""By the number of axes."""
FEATURES = ("(B, G, F, T)", "features of a modality on the 2 Hz grid")
EXPECTED_IS = (
    "float64 arithmetic on the float32 weights and inputs, and on the float32 tables that upstream itself builds "
    "(rotary frequencies, windows, filterbanks); integers are exact"
)


def input_rows(kit: Kit) -> list[dict[str, Any]]:
    """The inputs of a kit, in the order of their file's recipe."""
    rows = []
    for name, array in kit.inputs.items():
        letters, meaning = _input_meaning(name, array.ndim)
        rows.append({"name": name, **_form(array), "letters": letters, "meaning": meaning})
    return rows


def tap_rows(kit: Kit) -> list[dict[str, Any]]:
    """The taps of a kit, in the order of computation."""
    rows = []
    for name in kit.tap_names():
        row, values = row_of(name), kit.expected if kit.summary is None else kit.summary
        about = {} if row is None else {"letters": row.shape, "meaning": row.meaning, "unit": row.unit}
        rows.append({"name": name, **_form(values[name]), **about})
    return rows


def letters_of(kit: Kit) -> dict[str, str]:
    """What the letters of the taps' shapes are."""
    try:
        return dict(tap_table(kit.model).letters)
    except RecordingError:  # a model whose names have no table
        return {}


def _form(array: np.ndarray | Summary) -> dict[str, Any]:
    dtype = array.dtype if isinstance(array, Summary) else array.dtype.name
    return {"dtype": dtype, "shape": list(array.shape)}


def _input_meaning(name: str, n_axes: int) -> tuple[str, str]:
    if name.startswith("features."):
        return FEATURES
    if name == "pixel_values":
        return PIXELS.get(n_axes, PIXELS[4])
    return INPUTS.get(name, ("", ""))
