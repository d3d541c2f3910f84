"""What V-JEPA 2 takes, against counts by hand at a tiny size."""

from extractors.common.costs import Load, scores
from extractors.vjepa2 import costs
from extractors.vjepa2.config import VJepa2Config

TINY = VJepa2Config.from_dict({
    "model_type": "vjepa2", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2,
    "patch_size": 4, "tubelet_size": 2, "crop_size": 8,
})  # fmt: skip


def test_arithmetic() -> None:
    tokens = 3 * 2 * 2
    layer = 2 * (4 * 144 + 2 * 12 * 24) + 2 * 2 * 12 * tokens
    assert costs.clip_tokens(TINY, 6) == tokens
    assert costs.clip_tokens(TINY, 2) == 4
    clip = tokens * (2 * layer + 2 * (3 * 2 * 16) * 12)
    assert costs.clip(TINY, 6) == clip
    assert costs.flop(TINY, Load(n_clips=5, n_video_frames=6)) == 5 * clip
    assert costs.flop_per_second(TINY, Load(n_video_frames=6), 3.0) == {
        "film": 3 * clip, "assumed": "3 clips a second",
    }  # fmt: skip
    assert costs.flop(TINY, Load(n_clips=1)) == costs.clip(TINY, 64)


def test_bytes_of_a_clip() -> None:
    tokens, pixels = 3 * 2 * 2, 5 * 3 * 64  # of 5 frames, the last box half empty
    frames = 2 * pixels + 4 * 3 * 10 * 20
    load = Load(n_video_frames=5, picture=(10, 20))
    assert costs.work(TINY, load, 4) == 4 * (tokens * 10 * 12 + 3 * pixels + scores(2, tokens)) + frames
