"""Rows that models share: attention, and perceptrons with and without a gate."""

from tribe_np.oracle.taps import TapRow

COMMON = {
    "B": "examples of the batch",
    "S": "tokens that a query stands at, and keys that it may look at",
    "D": "the model's width",
    "N": "heads",
    "H": "channels of a head",
    "M": "width between the two maps of a feed-forward",
}
ASKED = "asked for"


def projection_rows(kv_heads: str = "N", *, gradient: bool = False) -> tuple[TapRow, ...]:
    """Queries, keys and values by head."""
    return (
        TapRow("query", "(B, N, S, H)", "projected, split into heads", gradient=gradient),
        TapRow("key", f"(B, {kv_heads}, S, H)", "projected, split into heads", gradient=gradient),
        TapRow("value", f"(B, {kv_heads}, S, H)", "projected, split into heads", gradient=gradient),
    )


def rotated_rows(kv_heads: str = "N", *, when: str = "", gradient: bool = False) -> tuple[TapRow, ...]:
    """Queries and keys after their rotation."""
    return (
        TapRow("query_rotated", "(B, N, S, H)", "turned by position", when, gradient=gradient),
        TapRow("key_rotated", f"(B, {kv_heads}, S, H)", "turned by position", when, gradient=gradient),
    )


def pair_rows(logits: str) -> tuple[TapRow, ...]:
    """What attention weighs with."""
    return (
        TapRow("logits", "(B, N, S, S)", logits, ASKED),
        TapRow("probabilities", "(B, N, S, S)", "softmax of the logits over keys, the last axis", ASKED),
    )


def mixed_row(*, gradient: bool = False) -> TapRow:
    """What attention hands to its last projection."""
    return TapRow("mixed", "(B, S, D)", "values weighted, heads side by side", gradient=gradient)
