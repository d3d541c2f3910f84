"""What DINOv2 takes, against counts by hand at a tiny size."""

from extractors.common.costs import Load, scores
from extractors.dinov2 import costs
from extractors.dinov2.config import DinoV2Config

TINY = DinoV2Config.from_dict({
    "model_type": "dinov2", "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "mlp_ratio": 2,
    "image_size": 14, "patch_size": 14,
})  # fmt: skip


def test_arithmetic() -> None:
    assert costs.picture(TINY, 28) == 5 * (2 * (64 + 64) + 4 * 4 * 5) + 4 * 2 * (3 * 196) * 4
    each = costs.picture(TINY, 224)
    assert costs.flop(TINY, Load(n_clips=3)) == 3 * each
    assert costs.flop_per_second(TINY, Load(), 2.0) == {"film": 2 * each, "assumed": "2 pictures a second"}


def test_bytes_of_a_picture() -> None:
    found = costs.work(TINY, Load(picture=(10, 20)), 4)
    assert found == 4 * (2 * (8 * 4 + 4 * 8) + scores(2, 2)) + 6 * 3 * 10 * 20
