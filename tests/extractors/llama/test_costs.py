"""What LLaMA takes, against counts by hand at a tiny size."""

import pytest

from extractors.common.costs import Load, scores
from extractors.llama import costs
from extractors.llama.config import LlamaConfig
from extractors.llama.passes import MAX_NODES
from tribe_np.timeline.contexts import MAX_CONTEXT_LEN

LLAMA = LlamaConfig.from_dict({
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 8, "intermediate_size": 10, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 4, "vocab_size": 9, "rms_norm_eps": 1e-5, "rope_theta": 5e5,
})  # fmt: skip
HALF = costs.token(LLAMA, 1024 * 1.35 / 2)


def test_a_token() -> None:
    # query and output 2 x (8 x 16), key and value 2 x (8 x 8), three maps of 8 x 10: 624 multiply-adds
    assert costs.token(LLAMA, 0) == 2 * (256 + 128 + 240)
    # scores and mixture over 5 tokens: twice 16 multiply-adds for each
    assert costs.token(LLAMA, 5) - costs.token(LLAMA, 0) == 2 * 2 * 16 * 5


def test_speech_a_second() -> None:
    found = costs.flop_per_second(LLAMA, Load(), 2.0)
    assert found["first 1025 words"] == pytest.approx(2.5 * 1.35 * 2 * HALF)
    assert found["later words, exact contexts"] == pytest.approx(2.5 * 1024 * 1.35 * 2 * HALF)


def test_words_in_all() -> None:
    once, alone = 1.35 * 2 * HALF, 1024 * 1.35 * 2 * HALF
    assert costs.flop(LLAMA, Load(n_words=7)) == pytest.approx(7 * once)
    assert costs.flop(LLAMA, Load(n_words=1031)) == pytest.approx(1025 * once + 6 * alone)
    assert costs.flop(LLAMA, Load(n_words=1031, stride=3)) == pytest.approx(1025 * once + 2 * alone)


def test_contexts_are_as_long_as_the_pipeline_makes_them() -> None:
    assert costs.CONTEXT_WORDS == MAX_CONTEXT_LEN


def test_bytes_of_a_pass() -> None:
    def of(n_tokens: int) -> int:
        return 4 * (n_tokens * (6 * 8 + 4 * 10) + n_tokens**2 // 4 + scores(4, n_tokens))

    assert costs.work(LLAMA, Load(), 4) == of(MAX_NODES)
    assert costs.work(LLAMA, Load(n_words=3, n_words_at_once=3), 4) == of(12) + 4 * 3 * 4 * 8  # and features of 3
    assert costs.work(LLAMA, Load(n_words_at_once=MAX_NODES), 4) == of(MAX_NODES)
    assert costs.work(LLAMA, Load(n_words_at_once=MAX_NODES, is_padded=True), 4) == of(4 * MAX_NODES)
    assert costs.work(LLAMA, Load(n_words_at_once=0, is_padded=True), 4) == of(1)
