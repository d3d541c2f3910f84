"""Forests of token ids: every context is a path, nothing is run twice that need not be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from extractors.llama.passes import LEAST_SHARED, n_shared, plan_passes
from tests.extractors.llama.conftest import CONTEXTS, grown, rows


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
    assert [(plan.members, plan.n_nodes) for plan in passes] == [
        ([0, 1, 2, 3, 4, 5], 6), ([6], 7), ([7], 8), ([8], 9), ([9], 10)
    ]  # fmt: skip
    assert plan_passes([]) == []


def test_shared_beginnings():
    a = np.array([1, 2, 3])
    assert [n_shared(a, np.array(b)) for b in ([1, 2, 3], [1, 2], [1, 5, 3], [4], [1, 2, 3, 4])] == [3, 2, 1, 0, 3]
