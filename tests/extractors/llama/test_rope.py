"""Inverse frequencies: the released values, the three regimes, and their dependence on every number."""

import numpy as np

from extractors.llama.config import Llama3Scaling, LlamaConfig
from extractors.llama.rope import inverse_frequencies, llama3_frequencies

SCALING = Llama3Scaling(32.0, 1.0, 4.0, 8192.0)


def released(scaling=SCALING, theta=500000.0):
    return LlamaConfig(
        n_layers=28, model_dim=3072, mlp_dim=8192, n_heads=24, n_kv_heads=8, head_dim=128, vocab_size=128256,
        rms_norm_eps=1e-5, rope_theta=theta, rope_scaling=scaling, attention_bias=False, mlp_bias=False,
    )  # fmt: skip


def test_released_frequencies_have_three_regimes():
    found, plain = inverse_frequencies(released()), inverse_frequencies(released(None))
    assert found.dtype == plain.dtype == np.float32
    assert np.array_equal(found[:29], plain[:29])
    assert np.array_equal(found[35:], plain[35:] / np.float32(32))
    assert np.all((found[29:35] < plain[29:35]) & (found[29:35] > plain[29:35] / 32))
    np.testing.assert_allclose(plain, 500000.0 ** (-np.arange(64) / 64), rtol=5e-7)


def test_blended_frequencies_follow_the_formula():
    plain = 500000.0 ** (-np.arange(64) / 64)
    smooth = (8192 * plain[29:35] / (2 * np.pi) - 1) / 3
    expected = (1 - smooth) * plain[29:35] / 32 + smooth * plain[29:35]
    np.testing.assert_allclose(inverse_frequencies(released())[29:35], expected, rtol=2e-6)


def test_theta_and_every_scaling_number_change_the_frequencies():
    plain = inverse_frequencies(released(None))
    assert not np.array_equal(plain, inverse_frequencies(released(None, theta=10000.0)))
    for other in (
        (8.0, 1.0, 4.0, 8192.0),
        (32.0, 2.0, 4.0, 8192.0),
        (32.0, 1.0, 3.0, 8192.0),
        (32.0, 1.0, 4.0, 4096.0),
    ):
        assert not np.array_equal(llama3_frequencies(plain, SCALING), llama3_frequencies(plain, Llama3Scaling(*other)))
