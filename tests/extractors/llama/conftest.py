"""A small LLaMA with its tokenizer (a module may define its own under the same name), and forests of small contexts."""

import numpy as np
import pytest
from hypothesis import strategies as st

from extractors import LlamaModel
from extractors.common.layer_groups import LayerSelection
from extractors.llama.passes import PrefixForest, plan_passes
from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer

SMALL = {"n_layers": 4, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}
SELECTION = LayerSelection((0.5, 0.75, 1.0))
CONTEXTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("llama"), seed=2, **SMALL)


@pytest.fixture(scope="module")
def model(folder):
    return LlamaModel.from_pretrained(folder)


@pytest.fixture(scope="module")
def tokenizer(folder):
    return LlamaTokenizer.from_pretrained(folder)


def rows(contexts):
    return [np.array(ids, np.int32) for ids in contexts]


def grown(contexts, max_nodes=10_000):
    """Each pass's forest, with the numbers of its contexts."""
    for plan in plan_passes(contexts, max_nodes):
        forest = PrefixForest.grow([[contexts[n] for n in family] for family in plan.families])
        assert len(forest.token_ids) == plan.n_nodes
        yield forest, plan.members
