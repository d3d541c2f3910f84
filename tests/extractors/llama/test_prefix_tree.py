"""Forests of token ids: every context is a path, nothing is run twice that need not be, nodes see their ancestors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.llama.prefix_tree import LEAST_SHARED, PrefixForest, TreeAttention, n_shared, plan_passes
from tests import fake_device
from tribe_np.backend import to_device, to_host
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.ops.attention import attention
from tribe_np.oracle import relative_error

CONTEXTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=30)


def rows(contexts):
    return [np.array(ids, np.int32) for ids in contexts]


def grown(contexts, max_nodes=10_000):
    """Each pass's forest, with the numbers of its contexts."""
    for one in plan_passes(contexts, max_nodes):
        forest = PrefixForest.grow([[contexts[n] for n in family] for family in one.families])
        assert len(forest.token_ids) == one.n_nodes
        yield forest, one.members


def path(forest, context):
    nodes = [int(forest.ends[context])]
    while forest.parents[nodes[-1]] >= 0:
        nodes.append(int(forest.parents[nodes[-1]]))
    return nodes[::-1]


@given(CONTEXTS, st.integers(1, 40))
def test_every_context_is_a_path_from_a_root(contexts, max_nodes):
    contexts = rows(contexts)
    met = []
    for forest, members in grown(contexts, max_nodes):
        assert len(forest.token_ids) <= max_nodes or len(members) == 1
        for i, number in enumerate(members):
            nodes = path(forest, i)
            assert forest.token_ids[nodes].tolist() == contexts[number].tolist()
            assert forest.positions[nodes].tolist() == list(range(len(nodes)))
            for n in (1, len(nodes)):
                assert forest.last_nodes(i, n) == nodes[-n:]
        met += members
    assert sorted(met) == list(range(len(contexts)))


@given(CONTEXTS)
def test_a_tree_has_a_trunk_and_no_node_twice(contexts):
    for forest, _ in grown(rows(contexts)):
        assert [tree.stop for tree in forest.trees[:-1]] == [tree.start for tree in forest.trees[1:]]
        for tree in forest.trees:
            assert forest.parents[tree.start : tree.fork].tolist() == [-1, *range(tree.start, tree.fork - 1)]
            assert forest.positions[tree.start : tree.stop].max() == tree.fork - tree.start - 1
            below = range(tree.start + 1, tree.stop)
            assert all(tree.start <= forest.parents[node] < node for node in below)
            assert len({(forest.parents[node], forest.token_ids[node]) for node in below}) == len(below)


@given(CONTEXTS)
def test_little_is_run_twice_at_most(contexts):
    contexts = rows(contexts)
    n_nodes = sum(len(forest.token_ids) for forest, _ in grown(contexts))
    trie = {tuple(ids[: i + 1]) for ids in contexts for i in range(len(ids))}
    assert len(trie) <= n_nodes <= len(trie) / (1 - LEAST_SHARED)


def test_nested_contexts_are_one_trunk():
    ids = np.arange(300) % 7
    ((forest, _),) = grown([ids[:n] for n in range(1, 301)])
    assert len(forest.token_ids) == 300
    assert [(tree.start, tree.fork, tree.stop) for tree in forest.trees] == [(0, 300, 300)]


def test_a_sentence_end_is_a_branch():
    contexts = rows([[5], [5, 6], [5, 6, 9], [5, 6, 8], [5, 6, 8, 4], [5, 6, 8, 4, 4], [5, 6, 8, 3, 3, 3]])
    ((forest, members),) = grown(contexts)
    assert forest.token_ids.tolist() == [5, 6, 8, 3, 3, 3, 4, 4, 9]
    assert forest.parents.tolist() == [-1, 0, 1, 2, 3, 4, 2, 6, 1]
    assert forest.positions.tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 2]
    assert forest.ends[np.argsort(members)].tolist() == [0, 1, 8, 2, 6, 7, 5]


def test_windows_that_slide_share_no_tree():
    words = np.arange(50) % 11
    contexts = [words[n : n + 20] for n in range(30)]  # every 11th begins with the same word
    contexts = [np.concatenate([ids[:1], ids[1:] + 100 * (n + 1)]) for n, ids in enumerate(contexts)]
    ((forest, _),) = grown(contexts)
    assert len(forest.trees) == 30
    assert len(forest.token_ids) == 600


def test_a_family_too_large_for_a_pass_goes_on_in_the_next():
    ids = np.arange(10)
    passes = plan_passes([ids[:n] for n in range(1, 11)], 6)
    assert [(one.members, one.n_nodes) for one in passes] == [
        ([0, 1, 2, 3, 4, 5], 6), ([6], 7), ([7], 8), ([8], 9), ([9], 10)
    ]  # fmt: skip
    assert plan_passes([]) == []


def test_shared_beginnings():
    a = np.array([1, 2, 3])
    assert [n_shared(a, np.array(b)) for b in ([1, 2, 3], [1, 2], [1, 5, 3], [4], [1, 2, 3, 4])] == [3, 2, 1, 0, 3]


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
