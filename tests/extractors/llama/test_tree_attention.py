"""Attention in a forest: every node sees its ancestors and itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.llama.model import TreeAttention
from tests import fake_device
from tests.extractors.llama.conftest import CONTEXTS, grown, rows
from tribe_np.backend import to_device, to_host
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.ops.attention import attention
from tribe_np.oracle import relative_error


def on_each_path(forest, query, key, value):
    """Every node's output from a sequence of its ancestors alone."""
    out = np.empty_like(query)
    for node in range(len(forest.token_ids)):
        nodes = [node]
        while forest.parents[nodes[0]] >= 0:
            nodes.insert(0, int(forest.parents[nodes[0]]))
        out[:, :, node] = attention(query[:, :, [node]], key[:, :, nodes], value[:, :, nodes], scale=0.5)[:, :, 0]
    return out


def random_heads(rng, n_nodes, dtype):
    shapes = ((1, 4, n_nodes, 6), (1, 2, n_nodes, 6), (1, 2, n_nodes, 6))
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


@given(CONTEXTS, st.integers(0, 2**32))
def test_a_node_sees_its_ancestors_and_itself(contexts, seed):
    for forest, _ in grown(rows(contexts)):
        heads = random_heads(np.random.default_rng(seed), len(forest.token_ids), np.float64)
        attend = TreeAttention.of(forest, dtype=np.float64, device="cpu")
        found = attend(*heads, scale=0.5, kernels=REFERENCE)
        assert relative_error(found, on_each_path(forest, *heads)) < 1e-12


def test_a_long_trunk_with_a_branch(rng):
    ids = rng.integers(0, 9, 600)
    ((forest, _),) = grown([ids, np.concatenate([ids[:500], [10, 11]])])
    heads = random_heads(rng, 602, np.float64)
    found = TreeAttention.of(forest, dtype=np.float64, device="cpu")(*heads, scale=0.5, kernels=REFERENCE)
    assert relative_error(found, on_each_path(forest, *heads)) < 1e-12


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_attention_keeps_dtype_and_device(rng, dtype, kernels: KernelSet):
    contexts = rows([[1, 2, 3], [1, 2, 4], [7]])
    ((forest, _),) = grown(contexts)
    heads = random_heads(rng, len(forest.token_ids), dtype)
    device = "cuda" if kernels.name == "cupy" else "cpu"
    attend = TreeAttention.of(forest, dtype=dtype, device=device)
    found = attend(*(to_device(a, device) for a in heads), scale=0.5, kernels=kernels)
    assert found.dtype == dtype
    assert relative_error(to_host(found), on_each_path(forest, *heads)) < (1e-5 if dtype == np.float32 else 1e-12)


def test_attention_on_the_fake_device(rng):
    ((forest, _),) = grown(rows([[1, 2, 3], [1, 2, 4], [7]]))
    heads = random_heads(rng, len(forest.token_ids), np.float32)
    here = TreeAttention.of(forest, dtype=np.float32, device="cpu")(*heads, scale=0.5, kernels=REFERENCE)
    there = TreeAttention.of(forest, dtype=np.float32, device=fake_device.module)
    found = there(*(to_device(a, fake_device.module) for a in heads), scale=0.5, kernels=REFERENCE)
    assert np.array_equal(to_host(found), here)
