"""Arithmetic of the brain encoder per second against a count by hand."""

from pathlib import Path

from tribe_np.formats.safetensors import TensorEntry
from tribe_np.pipeline.costs import flops


def test_the_encoder_a_second() -> None:
    shapes = {
        "projectors.text.weight": (4, 6), "projectors.text.bias": (4,), "encoder.layers.0.1.to_q.weight": (8, 8),
        "encoder.layers.0.0.0.g": (1,), "time_pos_embed": (1, 20, 8), "low_rank_head.weight": (16, 8),
        "predictor.weights": (2, 16, 100), "predictor.bias": (2, 100),
    }  # fmt: skip
    entries = [TensorEntry(Path("x"), f"model.{name}", "F32", shape, 0) for name, shape in shapes.items()]
    found = flops.encoder_per_second(entries, 100, hidden=8, frequency=2.0, tr=1.0, duration=10.0)
    # 24 + 64 multiply-adds a step, one attention over 20 steps; one map of 8 x 100 is smaller than 16 x 8 + 16 x 100
    assert found == 2 * (2 * 88 + 2 * 2 * 8 * 20) + 2 * 800
    some = flops.encoder_per_second(entries, 5, hidden=8, frequency=2.0, tr=1.0, duration=10.0)
    assert found - some == 2 * 8 * 95
